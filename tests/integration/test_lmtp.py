"""The LMTP doors: reports, and held mail with its envelope; one reply for each recipient, and nothing lost when it is not now."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Defer
from shared.events import QuarantineHeld, ReportReceived, ReportRejected
from tests.mails import mail, report_of
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def ingest(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    more: dict[str, Any] = {"mail_max_bytes": 1_100_000, "authserv_ids": ("gw.example.org",)}
    async with house(("ingest",), redis_url, prefix, data_dir, **more) as made:
        yield made


class Talk:
    """A gateway's side of one conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def answer(self) -> str:
        """One reply, the last line of it."""
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), 10)).decode()
            if line[3:4] != "-":
                return line.strip()

    async def say(self, line: str) -> str:
        self._writer.write(f"{line}\r\n".encode())
        return await self.answer()

    async def data(self, raw: bytes, replies: int) -> list[str]:
        assert (await self.say("DATA")).startswith("354")
        stuffed = raw.replace(b"\r\n.", b"\r\n..")
        self._writer.write(stuffed + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return [await self.answer() for _ in range(replies)]

    async def end(self) -> None:
        assert (await self.say("QUIT")).startswith("221")
        self._writer.close()


async def talk(made: House, port: str) -> Talk:
    made_talk = Talk(*await asyncio.open_connection("127.0.0.1", made.ports[port]))
    assert (await made_talk.answer()).startswith("220")
    assert (await made_talk.say("LHLO gw.example.org")).startswith("250")
    return made_talk


async def hand_in(
    made: House, port: str, raw: bytes, recipients: Sequence[str], *, sender: str = "ana@example.org", before: str = ""
) -> list[str]:
    """Deliver one mail; the replies after its data."""
    gateway = await talk(made, port)
    if before:
        assert (await gateway.say(before)).startswith("250")
    assert (await gateway.say(f"MAIL FROM:<{sender}>")).startswith("250")
    for recipient in recipients:
        assert (await gateway.say(f"RCPT TO:<{recipient}>")).startswith("250")
    replies = await gateway.data(raw, len(recipients))
    await gateway.end()
    return replies


async def one(made: House, kind: Any) -> dict[str, Any]:
    async def said() -> list[dict[str, Any]]:
        return await made.said(kind)

    await until(said)
    (event,) = await said()
    return event


async def test_a_report_by_lmtp_is_its_original_byte_for_byte(ingest: House) -> None:
    original = mail(extra="X-Odd:   spaced   \r\n", body="..dots\r\n.and more")
    replies = await hand_in(ingest, "lmtp_port", report_of(original), ["phish@example.org"])
    assert [reply[:3] for reply in replies] == ["250"]
    event = await one(ingest, ReportReceived)
    assert event["message"]["sha256"] == hashlib.sha256(original).hexdigest()
    assert (event["source"], event["reporter"], event["reporter_verified"]) == ("lmtp", "ana@example.org", False)


async def test_a_held_mail_comes_with_its_envelope_and_what_the_gateway_said(ingest: House) -> None:
    result = (
        "X-Spamd-Result: default: False [8.20 / 15.00];\r\n\tMIME_DOUBLE_BAD_EXTENSION(3.00)[.pdf.exe];\r\n"
        "\tPHISHING(5.00)[x];\r\n\tBAYES_HAM(-1.00)[]\r\nX-Spam: Yes\r\n"
    )
    forward = (
        "XFORWARD NAME=mail.bad.example ADDR=203.0.113.9 PORT=52478 PROTO=ESMTP HELO=mail+2Bx.bad.example IDENT=7EE30"
    )
    replies = await hand_in(
        ingest,
        "held_lmtp_port",
        mail(extra=result),
        ["alice@example.org", "bob@example.org"],
        sender="bounce+x1@bad.example",
        before=forward,
    )
    assert [reply[:3] for reply in replies] == ["250", "250"]
    event = await one(ingest, QuarantineHeld)
    assert event["envelope"] == {
        "mail_from": "bounce+x1@bad.example",
        "rcpt_to": ["alice@example.org", "bob@example.org"],
        "client_ip": "203.0.113.9",
        "helo": "mail+x.bad.example",
    }
    assert (event["reason"], event["score"], event["queue_id"]) == ("phishing", 8.2, "7EE30")
    assert event["symbols"] == ["MIME_DOUBLE_BAD_EXTENSION", "PHISHING", "BAYES_HAM"]


@pytest.mark.parametrize(
    ("address", "client_ip"),
    [("IPV6:2001:db8::9", "2001:db8::9"), ("IPv6:2001:db8::9", "2001:db8::9"), ("[UNAVAILABLE]", "")],
)
async def test_a_client_s_address_is_plain_however_it_was_forwarded(
    ingest: House, address: str, client_ip: str
) -> None:
    forward = f"XFORWARD NAME=[UNAVAILABLE] ADDR={address} HELO=[UNAVAILABLE] SOURCE=LOCAL IDENT=[UNAVAILABLE]"
    await hand_in(ingest, "held_lmtp_port", mail(), ["alice@example.org"], sender="", before=forward)
    event = await one(ingest, QuarantineHeld)
    assert event["envelope"] == {"mail_from": "", "rcpt_to": ["alice@example.org"], "client_ip": client_ip, "helo": ""}
    assert event["queue_id"] == ""


async def test_a_sender_cannot_make_the_reason_of_a_held_mail_milder(ingest: House) -> None:
    forged = "X-Spamd-Result: default: True [9.00 / 15.00]; CLAM_VIRUS(9.00)[x]\r\nX-Longstop-Reason: bulk\r\n"
    await hand_in(ingest, "held_lmtp_port", mail(extra=forged), ["alice@example.org"])
    assert (await one(ingest, QuarantineHeld))["reason"] == "malware"


async def test_the_same_delivery_again_is_one_mail(ingest: House) -> None:
    for _ in range(2):
        await hand_in(ingest, "held_lmtp_port", mail(), ["a@example.org", "b@example.org"], before="XFORWARD IDENT=Q1")
    await hand_in(ingest, "held_lmtp_port", mail(), ["a@example.org"], before="XFORWARD IDENT=Q2")

    async def both() -> bool:
        return len(await ingest.said(QuarantineHeld)) == 2

    await until(both)


async def test_every_recipient_is_answered_when_it_is_not_now_and_when_it_is_too_much(
    ingest: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Defer("no")

    recipients = [f"r{number}@example.org" for number in range(40)]
    with monkeypatch.context() as broken:
        broken.setattr("shared.blobs.FileBlobs.put", full)
        replies = await hand_in(ingest, "held_lmtp_port", mail(), recipients)
        assert [reply[:3] for reply in replies] == ["451"] * 40
    replies = await hand_in(ingest, "held_lmtp_port", mail(body="x" * 70 + "\r\n" * 600_000), recipients[:3])
    assert [reply[:3] for reply in replies] == ["552"] * 3
    assert await ingest.said(QuarantineHeld) == []


async def test_xforward_is_the_gateways_alone_and_well_formed(ingest: House) -> None:
    gateway = await talk(ingest, "held_lmtp_port")
    assert (await gateway.say("XFORWARD")).startswith("501")
    assert (await gateway.say("XFORWARD PASSWORD=x")).startswith("501")
    assert (await gateway.say("XFORWARD ADDR=[UNAVAILABLE] HELO=a+0D+0Ab")).startswith("250")
    assert (await gateway.say("MAIL FROM:<>")).startswith("250")
    assert (await gateway.say("RCPT TO:<postmaster>")).startswith("550")
    assert (await gateway.say("RCPT TO:<a@example.org>")).startswith("250")
    assert [reply[:3] for reply in await gateway.data(mail(), 1)] == ["250"]
    await gateway.end()
    assert (await one(ingest, QuarantineHeld))["envelope"]["helo"] == "ab"


async def test_a_network_that_is_not_allowed_is_refused(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("ingest",), redis_url, prefix, data_dir, smtp_networks=("192.0.2.0/24",)) as made:
        for port in ("lmtp_port", "held_lmtp_port"):
            gateway = await talk(made, port)
            await gateway.say("MAIL FROM:<a@example.org>")
            assert (await gateway.say("RCPT TO:<phish@example.org>")).startswith("550")
            await gateway.end()


@pytest.mark.parametrize(
    ("extra", "sender", "reason"),
    [
        ("Auto-Submitted: auto-replied\r\n", "ana@example.org", "a machine sent it"),
        ("List-Id: <dev.lists.example.net>\r\n", "ana@example.org", "mailing list"),
        ("Precedence: bulk\r\n", "ana@example.org", "mailing list"),
        ("", "", "no envelope sender"),
    ],
)
async def test_answers_lists_and_bounces_report_nothing(ingest: House, extra: str, sender: str, reason: str) -> None:
    raw = extra.encode() + report_of(mail())
    assert (await hand_in(ingest, "lmtp_port", raw, ["phish@example.org"], sender=sender))[0].startswith("250")
    assert reason in (await one(ingest, ReportRejected))["reason"]
    assert await ingest.said(ReportReceived) == []


@pytest.mark.parametrize(
    ("result", "reporter", "verified"),
    [
        ("gw.example.org; dmarc=pass header.from=example.org", "boss@example.org", True),
        ("gw.example.org; dmarc=fail header.from=example.org", "ana@example.org", False),
        ("elsewhere.example; dmarc=pass header.from=example.org", "ana@example.org", False),
    ],
)
async def test_a_reporter_is_verified_by_our_own_gateways_word_alone(
    ingest: House, result: str, reporter: str, *, verified: bool
) -> None:
    raw = f"Authentication-Results: {result}\r\n".encode() + report_of(mail(), sender="boss@example.org")
    await hand_in(ingest, "lmtp_port", raw, ["phish@example.org"])
    event = await one(ingest, ReportReceived)
    assert (event["reporter"], event["reporter_verified"]) == (reporter, verified)


async def test_a_report_that_a_group_of_our_own_passed_on_is_one_of_its_author(ingest: House) -> None:
    raw = b"List-Id: Phish <phish.example.org>\r\nPrecedence: list\r\n" + report_of(mail(), sender="boss@example.org")
    await hand_in(ingest, "lmtp_port", raw, ["phish@example.org"], sender="phish+bounces@example.org")
    event = await one(ingest, ReportReceived)
    assert (event["reporter"], event["reporter_verified"]) == ("boss@example.org", False)


async def test_a_feedback_loop_s_report_counts_but_nobody_is_answered_for_it(ingest: House) -> None:
    raw = (
        b"Authentication-Results: gw.example.org; dmarc=pass header.from=example.org\r\nFrom: loop@example.org\r\n"
        b"Auto-Submitted: auto-generated\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=r\r\n\r\n"
        b"--r\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\r\n--r\r\n"
        b"Content-Type: message/rfc822\r\n\r\n" + mail() + b"\r\n--r--\r\n"
    )
    await hand_in(ingest, "lmtp_port", raw, ["phish@example.org"], sender="loop@example.org")
    assert (await one(ingest, ReportReceived))["reporter_verified"] is False


async def test_the_greeting_says_what_postfix_looks_for(ingest: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ingest.ports["held_lmtp_port"])
    writer.write(b"LHLO gw.example.org\r\nQUIT\r\n")
    said = (await asyncio.wait_for(reader.read(), 10)).decode().splitlines()
    writer.close()
    assert "250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE" in said
    assert "250-PIPELINING" in said  # RFC 2033, section 5
    assert any(line.startswith("250-SIZE ") for line in said)


async def test_a_gateway_empties_its_queue_in_one_conversation(ingest: House) -> None:
    gateway = await talk(ingest, "held_lmtp_port")
    for number in range(120):
        assert (await gateway.say(f"XFORWARD IDENT=Q{number}")).startswith("250")
        assert (await gateway.say("MAIL FROM:<a@b.example>")).startswith("250")
        assert (await gateway.say("RCPT TO:<ana@example.org>")).startswith("250")
        assert (await gateway.data(mail(subject=f"{number}"), 1))[0].startswith("250")
    await gateway.end()


async def test_a_line_of_a_megabyte_is_a_line(ingest: House) -> None:
    raw = mail(body="x" * 1_000_000)
    assert (await hand_in(ingest, "held_lmtp_port", raw, ["ana@example.org"]))[0].startswith("250")
    assert (await one(ingest, QuarantineHeld))["message"]["sha256"] == hashlib.sha256(raw).hexdigest()

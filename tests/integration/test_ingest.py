"""Every door of ingest: durable before success, one clear problem for each wrong thing, nothing half done."""

import asyncio
import base64
import hashlib
import json
import smtplib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from shared.events import QuarantineHeld, ReportReceived, ReportRejected
from tests.mails import mail, report_of
from tests.outlook_files import compound, msg
from tests.services import House, house
from tests.waiting import until

RAW = {"Content-Type": "message/rfc822"}


@pytest.fixture
async def ingest(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(
        ("ingest",), redis_url, prefix, data_dir, database_url=database_url, mail_max_bytes=1024 * 1024
    ) as made:
        yield made


async def received(ingest: House, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(await ingest.said(ReportReceived)) >= count

    await until(enough)
    return await ingest.said(ReportReceived)


def blob(ingest: House, raw: bytes) -> bytes:
    name = hashlib.sha256(raw).hexdigest()
    return (ingest.data_dir / "blobs" / name[:1] / name).read_bytes()


async def test_a_raw_mail_is_a_report_and_its_bytes_are_kept(ingest: House) -> None:
    raw = mail()
    async with ingest.http("ingest") as http:
        answer = await http.post(
            "/v1/reports", params={"category": "phishing", "reporter": "ana@example.org"}, content=raw, headers=RAW
        )
    assert answer.status_code == 202
    assert blob(ingest, raw) == raw
    (event,) = await received(ingest)
    assert event["report_id"] == answer.json()["report_id"]
    assert event["message"]["from_domain"] == "parcel-fee.example"
    assert event["message"]["urls"] == ["parcel-fee.example/pay"]
    assert event["reporter_verified"] is True
    assert event["source"] == "http"


async def test_an_upload_of_two_mails_is_two_reports(ingest: House) -> None:
    files = [
        ("message", ("a.eml", mail(), "message/rfc822")),
        ("message", ("b.eml", mail(subject="B"), "message/rfc822")),
    ]
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/reports", data={"category": "junk"}, files=files)
    assert answer.status_code == 202
    events = await received(ingest, 2)
    assert [event["report_id"] for event in events] == answer.json()["report_ids"]
    assert {event["category"] for event in events} == {"junk"}


async def test_json_with_base64_is_a_report(ingest: House) -> None:
    body = {"category": "malware", "message": {"rfc822_base64": base64.b64encode(mail()).decode()}}
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/reports", json=body)
    assert answer.status_code == 202
    assert (await received(ingest))[0]["category"] == "malware"


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"content": b"", "headers": RAW}, 400, "empty"),
    ({"content": b"x" * (3 * 1024 * 1024), "headers": RAW}, 413, "too large"),
    ({"content": b"x: y\r\n" + b"\r\n" * 600_000, "headers": RAW}, 413, "bytes"),
    ({"files": {"m": ("a.eml", b"x: y\r\n" + b"\r\n" * 600_000)}}, 413, "bytes"),
    ({"content": mail(), "headers": RAW, "params": {"reporter": "ana\r\nX: y@z"}}, 422, "reporter"),
    ({"content": mail(), "headers": RAW, "params": {"reporter": "Ana"}}, 422, "reporter"),
    ({"content": b"<!DOCTYPE html><html><body>no mail</body></html>", "headers": RAW}, 422, ""),
    ({"content": b"<html></html>", "headers": {"Content-Type": "text/html"}}, 415, "content type"),
    ({"content": mail(), "headers": RAW, "params": {"category": "evil"}}, 422, "not valid"),
    ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "no JSON"),
    ({"json": {"category": "junk", "message": {"rfc822_base64": "***"}}}, 422, "base64"),
    ({"json": {"category": "junk", "message": {}}}, 422, "not a report"),
    ({"json": {"category": "junk", "message": {"sha256": "0" * 64}}}, 422, "by value"),
    ({"json": []}, 422, "not a report Input"),
    ({"data": {"category": "evil"}, "files": {"m": ("a.eml", b"x: y\r\n\r\n")}}, 422, "category"),
    ({"data": {"category": "junk"}, "files": {"m": ("", b"")}}, 400, "no file"),
]


@pytest.mark.parametrize(("request_", "status", "words"), BAD, ids=[f"{n}-{case[1]}" for n, case in enumerate(BAD)])
async def test_bad_input_gets_one_problem_object_and_leaves_nothing(
    ingest: House, request_: dict[str, Any], status: int, words: str
) -> None:
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/reports", **request_)
        problem = answer.json()
        assert (answer.status_code, problem["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in f"{problem['title']} {problem['detail']}"
        good = await http.post("/v1/reports", content=mail(), headers=RAW)
    events = await received(ingest)
    assert [event["report_id"] for event in events] == [good.json()["report_id"]]


async def test_the_same_key_gives_the_same_report_and_another_request_with_it_is_refused(ingest: House) -> None:
    head = {**RAW, "Idempotency-Key": "k1"}
    async with ingest.http("ingest") as http:
        first = await http.post("/v1/reports", content=mail(), headers=head)
        second = await http.post("/v1/reports", content=mail(), headers=head)
        other = await http.post("/v1/reports", content=mail(subject="else"), headers=head)
    assert first.json() == second.json()
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["title"]
    assert len(await received(ingest)) == 1


async def test_twenty_requests_at_once_with_one_key_are_one_report(ingest: House) -> None:
    head = {**RAW, "Idempotency-Key": "race"}
    async with ingest.http("ingest") as http:
        answers = await asyncio.gather(*(http.post("/v1/reports", content=mail(), headers=head) for _ in range(20)))
    assert len({answer.json()["report_id"] for answer in answers}) == 1
    assert len(await received(ingest)) == 1


async def test_a_foreign_web_page_cannot_report(ingest: House) -> None:
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/reports", content=mail(), headers={**RAW, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def send(ingest: House, raw: bytes, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", ingest.ports["smtp_port"], timeout=20) as smtp:
        return smtp.sendmail("ana@example.org", recipients, raw)


@pytest.mark.parametrize(
    ("mailbox", "subject", "category", "defaulted"),
    [
        ("phish@example.org", "x", "phishing", False),
        ("junk@example.org", "x", "junk", False),
        ("NotJunk@example.org", "x", "not_junk", False),
        ("report@example.org", "1|x", "junk", False),
        ("report+tag@example.org", "Not Junk: x", "not_junk", False),
        ("report@example.org", "hello", "phishing", True),
    ],
)
async def test_a_report_mail_is_a_report_of_its_original_byte_for_byte(
    ingest: House, mailbox: str, subject: str, category: str, *, defaulted: bool
) -> None:
    original = mail(extra="X-Odd:   spaced   \r\n")
    await asyncio.to_thread(send, ingest, report_of(original, subject=subject), mailbox)
    assert blob(ingest, original) == original
    (event,) = await received(ingest)
    assert (event["category"], event["defaulted"], event["reporter"]) == (category, defaulted, "ana@example.org")
    assert event["message"]["sha256"] == hashlib.sha256(original).hexdigest()


async def test_several_originals_are_several_reports_and_the_same_mail_again_is_none(ingest: House) -> None:
    raw = report_of(mail(), mail(subject="other"))
    for _ in range(2):
        await asyncio.to_thread(send, ingest, raw, "phish@example.org")
    await asyncio.to_thread(send, ingest, report_of(mail(subject="last")), "phish@example.org")
    assert len(await received(ingest, 3)) == 3


async def test_a_report_mail_without_an_original_is_taken_kept_and_told(ingest: House) -> None:
    raw = mail(subject="phish!", body="I saw something odd, call me.")
    await asyncio.to_thread(send, ingest, raw, "phish@example.org")

    async def told() -> list[dict[str, Any]]:
        return await ingest.said(ReportRejected)

    await until(told)
    (event,) = await told()
    assert "forward the mail as an attachment" in event["reason"]
    assert blob(ingest, raw)


async def test_an_unknown_mailbox_is_refused_at_rcpt(ingest: House) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await asyncio.to_thread(send, ingest, mail(), "boss@example.org")
    assert refused.value.recipients["boss@example.org"][0] == 550


async def test_a_network_that_is_not_allowed_is_refused(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("ingest",), redis_url, prefix, data_dir, smtp_networks=("192.0.2.0/24",)) as made:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(send, made, report_of(mail()), "phish@example.org")


async def test_a_mail_that_is_too_large_is_refused_with_552(ingest: House) -> None:
    with pytest.raises(smtplib.SMTPException) as refused:
        await asyncio.to_thread(send, ingest, report_of(mail(body="x" * 900 + "\r\n" * 600_000)), "phish@example.org")
    assert "552" in str(refused.value)


async def test_a_store_that_cannot_take_more_makes_every_door_say_later(
    ingest: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        async with ingest.http("ingest") as http:
            answer = await http.post("/v1/reports", content=mail(), headers=RAW)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await asyncio.to_thread(send, ingest, report_of(mail()), "phish@example.org")
        assert refused.value.smtp_code == 451
    assert await ingest.said(ReportReceived) == []


async def test_the_stream_is_a_door_that_needs_one_field(ingest: House) -> None:
    data = f'{{"category":"phishing","message":{{"rfc822_base64":"{base64.b64encode(mail()).decode()}"}}}}'
    await ingest.redis.xadd(f"{ingest.prefix}:report.submitted.v1", {"data": data})
    (event,) = await received(ingest)
    assert event["source"] == "stream"
    assert event["reporter_verified"] is False


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('{"category":"phishing","message":{"rfc822_base64":"***"}}', "no base64"),
        ('{"category":"phishing","message":{"sha256":"' + "0" * 64 + '"}}', "names no stored mail"),
        ('{"category":"evil","message":{"rfc822_base64":"eA=="}}', "category"),
        ("{broken", "Invalid JSON"),
    ],
)
async def test_a_stream_entry_without_a_mail_is_a_dead_letter_and_everything_goes_on(
    ingest: House, data: str, reason: str
) -> None:
    await ingest.redis.xadd(f"{ingest.prefix}:report.submitted.v1", {"data": data})
    async with ingest.http("ingest") as http:
        await http.post("/v1/reports", content=mail(), headers=RAW)

    async def dead() -> list[dict[str, Any]]:
        return await ingest.said("dead.v1")

    await until(dead)
    assert reason in (await dead())[0]["reason"]
    assert len(await received(ingest)) == 1


async def test_a_stream_entry_that_is_no_mail_is_told_as_rejected(ingest: House) -> None:
    html = base64.b64encode(b"<html><body>hello</body></html>").decode()
    data = f'{{"category":"phishing","message":{{"rfc822_base64":"{html}"}}}}'
    await ingest.redis.xadd(f"{ingest.prefix}:report.submitted.v1", {"data": data})

    async def told() -> list[dict[str, Any]]:
        return await ingest.said(ReportRejected)

    await until(told)


async def test_what_rspamd_pushes_is_held_with_its_envelope_once(ingest: House) -> None:
    head = {
        **RAW,
        "User-Agent": "rspamd-3.4",
        "X-Rspamd-From": "bounce@evil.example",
        "X-Rspamd-Rcpt": '["ana@example.org","ben@example.org"]',
        "X-Rspamd-Qid": "4711",
        "X-Rspamd-Score": "17.3",
        "X-Rspamd-Action": "reject",
        "X-Rspamd-Symbols": '[{"name":"PHISHING","score":5},{"name":"R_SPF_FAIL"}]',
    }
    async with ingest.http("ingest") as http:
        answers = [await http.post("/v1/quarantine", content=mail(), headers=head) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["held_id"] for answer in answers}) == 1

    async def held() -> list[dict[str, Any]]:
        return await ingest.said(QuarantineHeld)

    await until(held)
    (event,) = await held()
    assert event["envelope"]["rcpt_to"] == ["ana@example.org", "ben@example.org"]
    assert event["envelope"]["mail_from"] == "bounce@evil.example"
    assert (event["reason"], event["score"], event["queue_id"]) == ("phishing", 17.3, "4711")


async def test_a_held_mail_without_a_recipient_is_refused(ingest: House) -> None:
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/quarantine", content=mail(), headers=RAW)
    assert answer.status_code == 422
    assert "recipient" in answer.json()["detail"]


async def test_amavis_quarantine_mails_are_held_with_the_envelope_of_their_headers(ingest: House) -> None:
    head = "X-Envelope-From: <x+tag@spam.example>\r\nX-Envelope-To: <ana@example.org>, <ben@example.org>\r\nX-Spam-Flag: YES\r\n"
    await asyncio.to_thread(send, ingest, mail(extra=head), "quarantine@example.org")

    async def held() -> list[dict[str, Any]]:
        return await ingest.said(QuarantineHeld)

    await until(held)
    (event,) = await held()
    assert event["envelope"] == {
        "mail_from": "x+tag@spam.example",
        "rcpt_to": ["ana@example.org", "ben@example.org"],
        "client_ip": "",
        "helo": "",
    }
    assert event["reason"] == "spam"


async def test_a_msg_file_becomes_the_mail_in_it_and_is_kept_besides(ingest: House) -> None:
    file = msg(
        {0x007D: "From: fee@parcel-fee.example\r\nSubject: Fee\r\n", 0x1000: "Pay http://parcel-fee.example/pay"}
    )
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/reports", content=file, headers={"Content-Type": "application/vnd.ms-outlook"})
        refused = await http.post("/v1/reports", content=compound({"WordDocument": b"x" * 5000}), headers=RAW)
    assert answer.status_code == 202
    assert refused.status_code == 422
    assert "Office file" in refused.text
    (event,) = await received(ingest)
    assert event["message"]["from_domain"] == "parcel-fee.example"
    assert event["low_fidelity"] is True
    assert blob(ingest, file) == file
    composed = (ingest.data_dir / "blobs" / event["message"]["sha256"][:1] / event["message"]["sha256"]).read_bytes()
    assert composed.startswith(b"From: fee@parcel-fee.example\r\n")


async def test_a_feedback_loop_says_what_the_mail_is(ingest: House) -> None:
    letter = (
        b"From: loop@isp.example\r\nAuto-Submitted: auto-generated\r\nContent-Type: multipart/report;"
        b' report-type=feedback-report; boundary="r"\r\n\r\n--r\r\nContent-Type: message/feedback-report\r\n\r\n'
        b"Feedback-Type: abuse\r\nOriginal-Rcpt-To: ana@example.org\r\n\r\n--r\r\nContent-Type: message/rfc822\r\n\r\n"
        + mail()
        + b"\r\n--r--\r\n"
    )
    await asyncio.to_thread(send, ingest, letter, "report@example.org")
    (event,) = await received(ingest)
    assert (event["category"], event["defaulted"]) == ("junk", False)
    assert event["envelope"]["rcpt_to"] == ["ana@example.org"]


async def test_what_the_reporter_wrote_is_the_comment(ingest: House) -> None:
    await asyncio.to_thread(send, ingest, report_of(mail()), "phish@example.org")
    (event,) = await received(ingest)
    assert event["comment"] == "This looks wrong."


EXPORTED = {
    "from": "x@y.example",
    "rcpt": ["ana@example.org"],
    "qid": "Q1",
    "score": 7.5,
    "symbols": [{"name": "CLAM_VIRUS"}],
}


async def test_rspamd_4_posts_msgpack_and_multipart(ingest: House) -> None:
    raw = mail()
    async with ingest.http("ingest") as http:
        packed = await http.post(
            "/v1/quarantine",
            content=msgpack.packb({**EXPORTED, "message": raw}),
            headers={"Content-Type": "application/msgpack", "User-Agent": "rspamd-4.1.5"},
        )
        metadata = (None, json.dumps({**EXPORTED, "qid": "Q2"}), "application/json")
        files: Any = [("metadata", metadata), ("message", ("m.eml", raw, "message/rfc822"))]
        parts = await http.post("/v1/quarantine", files=files, headers={"User-Agent": "rspamd-4.1.5"})
        broken = await http.post("/v1/quarantine", content=b"\xde\xff", headers={"Content-Type": "application/msgpack"})
    assert (packed.status_code, parts.status_code, broken.status_code) == (200, 200, 400)

    async def held() -> list[dict[str, Any]]:
        return sorted(await ingest.said(QuarantineHeld), key=lambda event: str(event["queue_id"]))

    await until(held)
    assert [(event["queue_id"], event["reason"], event["score"]) for event in await held()] == [
        ("Q1", "malware", 7.5),
        ("Q2", "malware", 7.5),
    ]

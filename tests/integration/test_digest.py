"""Quarantine and digest: told once, links that change nothing, buttons that act once, releases byte for byte."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.blobs import FileBlobs
from shared.events import (
    MailEnvelope,
    MessageFacts,
    NotificationSent,
    QuarantineHeld,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseDecided,
)
from tests.mails import mail
from tests.services import House, free_port, house
from tests.waiting import until

HOSTILE = "=?utf-8?q?x=0ABcc:_evil@x.example?= \r\nBcc: evil@x.example <script>alert(1)</script> \u202egnp.exe"


@pytest.fixture
async def digest(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("digest",), redis_url, prefix, data_dir, database_url=database_url, digest_every_s=1) as made:
        yield made


def held(
    number: int = 1, *, reason: str = "spam", subject: str = "Free spins", rcpt: tuple[str, ...] = ("ana@Example.org",)
) -> QuarantineHeld:
    raw = mail(subject=f"mail {number}")
    at = datetime.now(UTC)
    return QuarantineHeld(
        held_id=f"held-{number}",
        message=MessageFacts(
            sha256=f"{number:064x}",
            size_bytes=len(raw),
            from_address="bonus@lucky.example",
            from_name="Lucky",
            subject=subject,
        ),
        envelope=MailEnvelope(mail_from="bounce@lucky.example", rcpt_to=rcpt),
        reason=reason,
        held_at=at,
        expires_at=at + timedelta(days=30),
    )


async def letters(house: House, count: int = 1) -> list[bytes]:
    folder = house.data_dir / "outbox"

    async def enough() -> bool:
        return folder.exists() and len(list(folder.glob("*.eml"))) >= count

    await until(enough)
    return [path.read_bytes() for path in sorted(folder.glob("*.eml"))]


async def said(house: House, kind: Any, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(await house.said(kind)) >= count

    await until(enough)
    found: list[dict[str, Any]] = await house.said(kind)
    return found


async def test_each_recipient_is_told_of_each_mail_once(digest: House) -> None:
    for number in range(3):
        await digest.publish(held(number, rcpt=("ana@example.org", "ben@example.org")))
    told = await said(digest, NotificationSent, 2)
    await letters(digest, 2)
    await digest.publish(held(9))
    more = await said(digest, NotificationSent, 3)
    counts: dict[str, int] = {}
    for one in more:
        counts[one["recipient"]] = counts.get(one["recipient"], 0) + one["item_count"]
    assert counts == {"ana@example.org": 4, "ben@example.org": 3}
    assert len({one["message_id"] for one in more}) == len(more)
    assert len(told) >= 2


async def test_a_hostile_subject_becomes_no_header_and_no_markup(digest: House) -> None:
    await digest.publish(held(subject=HOSTILE))
    (raw,) = await letters(digest)
    parsed = message_from_bytes(raw)
    assert "bcc" not in {name.lower() for name in parsed.keys()}  # noqa: SIM118
    html = next(part for part in parsed.walk() if part.get_content_type() == "text/html").get_payload(decode=True)
    assert isinstance(html, bytes)
    assert b"<script>" not in html
    assert "\u202e".encode() not in html


class Sink:
    """A gateway behind the filter."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        self.taken.append(envelope)
        return "250 taken"


async def test_an_approved_mail_goes_back_to_the_gateway_byte_for_byte(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    raw = mail(extra="X-Odd:  folded\r\n value\r\n", body=".leading dot\r\nMühe")
    (sha256,) = FileBlobs(data_dir / "blobs").put([raw])
    sink, port = Sink(), free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    event = held(reason="malware")
    event = event.model_copy(update={"message": event.message.model_copy(update={"sha256": sha256})})
    try:
        async with house(("digest",), redis_url, prefix, data_dir, reinject_url=f"smtp://127.0.0.1:{port}") as digest:
            await digest.publish(
                ReleaseDecided(held_id=event.held_id, recipient="ana@example.org", decision="approved", by="op")
            )
            await digest.publish(event)
            await said(digest, QuarantineReleased)
    finally:
        controller.stop()
    (taken,) = sink.taken
    assert taken.original_content == raw
    assert (taken.mail_from, taken.rcpt_tos) == ("bounce@lucky.example", ["ana@example.org"])


async def test_a_release_without_a_gateway_says_why_and_waits(digest: House) -> None:
    await digest.publish(held())
    await letters(digest)
    async with digest.http("digest") as http:
        assert (await http.post("/v1/quarantine/held-1/ana@example.org/release")).status_code == 200
    (failed,) = await said(digest, QuarantineReleaseFailed)
    assert "LONGSTOP_REINJECT_URL" in failed["reason"]

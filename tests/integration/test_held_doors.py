"""Held mail as gateways really hand it in, and what is said to one that forgot something."""

import asyncio
import base64
import json
import smtplib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.events import MailHeld, QuarantineHeld
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def ingest(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("ingest",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


async def held(ingest: House) -> dict[str, Any]:
    async def one() -> list[dict[str, Any]]:
        return await ingest.said(QuarantineHeld)

    await until(one)
    (event,) = await one()
    found: dict[str, Any] = event
    return found


SCAN = {"from": "bounce@evil.example", "rcpt": ["ana@example.org"], "qid": "4711", "action": "quarantine"}
BODIES = {
    "raw": (mail(), {f"X-Rspamd-{name}": json.dumps(value).strip('"') for name, value in SCAN.items()}),
    "json": (json.dumps({**SCAN, "message": base64.b64encode(mail()).decode()}).encode(), {}),
}


@pytest.mark.parametrize(("body", "head"), BODIES.values(), ids=BODIES)
async def test_rspamds_exporter_is_understood_with_the_content_type_that_it_sends_by_default(
    ingest: House, body: bytes, head: dict[str, str]
) -> None:
    head = {"Content-Type": "text/plain", "User-Agent": "rspamd-3.4", **head}
    async with ingest.http("ingest") as http:
        answer = await http.post("/v1/quarantine", content=body, headers=head)
        report = await http.post("/v1/reports", content=body, headers=head)
    assert answer.status_code == 200, answer.text
    event = await held(ingest)
    assert event["envelope"]["rcpt_to"] == ["ana@example.org"]
    assert (event["reason"], event["message"]["subject"]) == ("spam", "Your parcel is waiting")
    assert report.status_code == 415


async def test_a_misspelt_reason_is_refused_for_it_could_let_recipients_do_more(ingest: House) -> None:
    query = {"rcpt_to": "ana@example.org", "reason": "phish"}
    async with ingest.http("ingest") as http:
        answer = await http.post(
            "/v1/quarantine", content=mail(), params=query, headers={"Content-Type": "message/rfc822"}
        )
    assert answer.status_code == 422
    assert "phishing_high" in answer.json()["detail"]


async def test_a_published_mail_that_was_for_nobody_is_a_dead_letter(ingest: House) -> None:
    data = {"message": {"rfc822_base64": base64.b64encode(mail()).decode()}, "envelope": {"rcpt_to": []}}
    await ingest.redis.xadd(f"{ingest.prefix}:{MailHeld.STREAM}", {"data": json.dumps(data)})

    async def letters() -> list[dict[str, Any]]:
        return await ingest.said("dead.v1")

    await until(letters)
    (letter,) = await letters()
    assert "rcpt_to is empty" in letter["reason"]


async def test_the_quarantine_mailbox_says_in_which_header_recipients_are_named(ingest: House) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", ingest.ports["smtp_port"], timeout=20) as smtp:
            smtp.sendmail("", "quarantine@example.org", b"Subject: no recipient\r\n\r\nhello\r\n")

    with pytest.raises(smtplib.SMTPDataError, match="X-Envelope-To"):
        await asyncio.to_thread(send)


@pytest.mark.parametrize("header", ["X-Longstop-Quarantine", "X-Longstop-Reason"])
async def test_the_quarantine_mailbox_takes_envelope_and_reason_from_headers(ingest: House, header: str) -> None:
    head = f"X-Longstop-Mail-From: b@lucky.example\r\nX-Longstop-Rcpt-To: ana@example.org\r\n{header}: malware\r\n"

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", ingest.ports["smtp_port"], timeout=20) as smtp:
            smtp.sendmail("", "quarantine@example.org", mail(extra=head))

    await asyncio.to_thread(send)

    async def held() -> list[dict[str, Any]]:
        return await ingest.said(QuarantineHeld)

    await until(held)
    (event,) = await held()
    assert (event["envelope"]["mail_from"], event["envelope"]["rcpt_to"]) == ("b@lucky.example", ["ana@example.org"])
    assert event["reason"] == "malware"

"""A DKIM signature (RFC 6376) verifies on the stored bytes, whichever door its mail came by."""

import asyncio
import base64
import shutil
import smtplib
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import dkim
import pytest

from shared.events import ReportReceived
from tests.mails import mail, report_of
from tests.services import House, house
from tests.waiting import until

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl program makes the key")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A private key, and the record that says the public one."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(path), "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", str(path), "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    return path.read_bytes(), b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@pytest.fixture
async def ingest(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("ingest",), redis_url, prefix, data_dir) as made:
        yield made


def signed(private: bytes, canonical: tuple[bytes, bytes]) -> bytes:
    raw = mail(extra="X-Odd:   two  blanks \r\nX-Folded: a\r\n\tb\r\n", body="Fee  \r\n.dot\r\n\r\n\r\n")
    return bytes(dkim.sign(raw, b"s", b"parcel-fee.example", private, canonicalize=canonical)) + raw


async def by_http(made: House, raw: bytes) -> None:
    async with made.http("ingest") as http:
        await http.post("/v1/reports", content=raw, headers={"Content-Type": "message/rfc822"})


async def by_stream(made: House, raw: bytes) -> None:
    data = f'{{"category":"phishing","message":{{"rfc822_base64":"{base64.b64encode(raw).decode()}"}}}}'
    await made.redis.xadd(f"{made.prefix}:report.submitted.v1", {"data": data})


async def by_smtp(made: House, raw: bytes) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", made.ports["smtp_port"], timeout=20) as client:
            client.sendmail("ana@example.org", ["phish@example.org"], report_of(raw, raw.replace(b"Fee", b"Fie")))

    await asyncio.to_thread(send)


@pytest.mark.parametrize("canonical", [(b"simple", b"simple"), (b"relaxed", b"relaxed")], ids=["simple", "relaxed"])
@pytest.mark.parametrize("door", [by_http, by_stream, by_smtp])
async def test_a_signature_verifies_on_the_stored_bytes(
    ingest: House, key: tuple[bytes, bytes], door: Callable[[House, bytes], Any], canonical: tuple[bytes, bytes]
) -> None:
    private, record = key
    raw = signed(private, canonical)
    await door(ingest, raw)

    async def told() -> list[dict[str, Any]]:
        return await ingest.said(ReportReceived)

    await until(told)
    names = [event["message"]["sha256"] for event in await told()]
    stored = [(ingest.data_dir / "blobs" / name[:1] / name).read_bytes() for name in names]
    assert raw in stored
    verdicts = {one: dkim.verify(one, dnsfunc=lambda *_, **__: record) for one in stored}
    assert verdicts.pop(raw)
    assert not any(verdicts.values())  # the one that was changed does not

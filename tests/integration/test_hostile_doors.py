"""Whatever is handed in, the doors answer, nothing is a dead letter, and the next report is taken as ever."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.events import QuarantineHeld, ReportReceived, ReportRejected
from tests.bombs import BOMBS
from tests.mails import mail, report_of
from tests.services import House, house
from tests.waiting import until

RAW = {"Content-Type": "message/rfc822"}


@pytest.fixture
async def ingest(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("ingest",), redis_url, prefix, data_dir, stream_keep_entries=100_000) as made:
        yield made


@pytest.mark.timeout(300)
async def test_bombs_are_taken_or_refused_and_the_service_lives(ingest: House) -> None:
    async with ingest.http("ingest") as http:
        http.timeout = 60
        for name, bomb in BOMBS.items():
            answer = await http.post("/v1/reports", content=bomb(), headers=RAW)
            assert answer.status_code in {202, 413, 422}, name
        assert (await http.post("/v1/reports", content=mail(), headers=RAW)).status_code == 202
        assert (await http.get("/readyz")).status_code == 200
    assert await ingest.said("dead.v1") == []


def corpus() -> Iterator[bytes]:
    for path in sorted(Path(os.environ["LONGSTOP_TEST_CORPUS"]).rglob("*")):
        if path.is_file() and path.suffix not in {".tsv", ".md"}:
            yield path.read_bytes()


async def lmtp(port: int, mails: list[bytes], recipient: str) -> list[str]:
    """Deliver mails in one conversation; the replies after their data."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: bytes) -> str:
        writer.write(line)
        while (answer := (await reader.readline()).decode())[3:4] == "-":
            pass
        return answer

    await reader.readline()
    await say(b"LHLO gw.example.org\r\n")
    replies = []
    for raw in mails:
        await say(b"MAIL FROM:<ana@example.org>\r\n")
        await say(f"RCPT TO:<{recipient}>\r\n".encode())
        await say(b"DATA\r\n")
        body = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        replies.append(await say(body + b"\r\n.\r\n"))
    writer.close()
    return replies


@pytest.mark.skipif(
    "LONGSTOP_TEST_CORPUS" not in os.environ, reason="LONGSTOP_TEST_CORPUS names no folder of real mails"
)
@pytest.mark.timeout(900)
async def test_every_real_mail_by_every_door(ingest: House) -> None:
    mails = list(corpus())
    async with ingest.http("ingest") as http:
        http.timeout = 60
        codes = [(await http.post("/v1/reports", content=raw, headers=RAW)).status_code for raw in mails]
    assert set(codes) <= {202, 422}
    taken = codes.count(202)
    replies = await lmtp(ingest.ports["lmtp_port"], [report_of(raw) for raw in mails], "phish@example.org")
    assert {reply[:3] for reply in replies} == {"250"}
    replies = await lmtp(ingest.ports["held_lmtp_port"], mails, "ana@example.org")
    assert {reply[:3] for reply in replies} == {"250"}
    for raw in mails:
        data = f'{{"category":"phishing","message":{{"rfc822_base64":"{base64.b64encode(raw).decode()}"}}}}'
        await ingest.redis.xadd(f"{ingest.prefix}:report.submitted.v1", {"data": data})

    async def all_there() -> bool:
        reports, refused, held = [await ingest.said(kind) for kind in (ReportReceived, ReportRejected, QuarantineHeld)]
        stream = [event for event in [*reports, *refused] if event["source"] == "stream"]
        return len(stream) == len(mails) and len(held) >= len(set(mails)) * 0.99

    await until(all_there, patience_s=300)
    reports: list[dict[str, Any]] = await ingest.said(ReportReceived)
    assert sum(event["source"] == "http" for event in reports) == taken
    assert await ingest.said("dead.v1") == []
    assert not [event for event in reports if "unreadable" in event["message"]["defects"]]

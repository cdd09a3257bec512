"""What a service says while something under it is away: `/livez` and `/readyz` the truth, doors 451 or 503, the log one line."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from longstop.services import service
from shared.errors import Defer
from shared.jobs import Job, keep_running
from shared.run import Running
from shared.tasks import end
from tests.mails import mail, report_of
from tests.redis_servers import RedisServer, redis_server
from tests.services import House, free_port, house
from tests.waiting import until

REPORT = {"Content-Type": "message/rfc822"}

#: Nobody listens there.
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "maxmemory-policy": "noeviction"}
    async with redis_server(tmp_path / "redis", f"redis://127.0.0.1:{port}/0", options) as made:
        yield made


async def said(made: House, name: str = "ingest", page: str = "/readyz") -> tuple[int, str]:
    async with made.http(name) as http:
        answer = await http.get(page)
    return answer.status_code, str(answer.json().get("detail", ""))


async def says(made: House, words: str) -> bool:
    """Whether `/readyz` of ingest names this trouble."""
    code, detail = await said(made)
    return code == 503 and words in detail


async def is_well(made: House) -> bool:
    return (await said(made))[0] == 200


def by_smtp(port: int) -> int:
    """What the SMTP door says to a report."""
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
        smtp.ehlo()
        smtp.mail("ana@example.org")
        smtp.rcpt("phish@example.org")
        return smtp.data(report_of(mail()))[0]


async def test_where_mails_cannot_be_kept_the_doors_are_closed_and_readyz_and_one_line_say_why(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.__main__.EVERY_S", 0.05)
    async with house(("ingest",), redis_url, prefix, data_dir) as made:
        await until(partial(is_well, made))
        blobs = data_dir / "blobs"
        with capture_logs() as lines:
            blobs.rename(data_dir / "away")
            blobs.write_text("a file is no folder")
            await until(partial(says, made, "the blob store cannot be written"))
            async with made.http("ingest") as http:
                answer = await http.post("/v1/reports", content=mail(), headers=REPORT)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
            assert await asyncio.to_thread(by_smtp, made.ports["smtp_port"]) == 451
            blobs.unlink()
            (data_dir / "away").rename(blobs)
            await until(partial(is_well, made))
        assert await asyncio.to_thread(by_smtp, made.ports["smtp_port"]) == 250
    told = [line["event"] for line in lines if line["event"].startswith("doors")]
    assert told == ["doors are closed", "doors are open again"]


async def test_a_redis_that_takes_no_events_is_told_while_the_doors_stay_open(
    server: RedisServer, prefix: str, data_dir: Path
) -> None:
    async with house(("ingest",), server.url, prefix, data_dir) as made:
        await until(partial(is_well, made))
        await made.redis.config_set("maxmemory", "1")
        async with made.http("ingest") as http:
            assert (await http.post("/v1/reports", content=mail(), headers=REPORT)).status_code == 202
        await until(partial(says, made, "events wait to be published"))
        await made.redis.config_set("maxmemory", "0")
        await until(partial(is_well, made))


async def test_a_redis_that_became_a_replica_is_told_and_left_behind_when_it_is_one_no_more(
    server: RedisServer, prefix: str, data_dir: Path
) -> None:
    async with house(("ingest",), server.url, prefix, data_dir) as made:
        await made.redis.replicaof("127.0.0.1", "9")
        await until(partial(says, made, "streams cannot be read"))
        await made.redis.replicaof("NO", "ONE")
        await until(partial(is_well, made))


async def test_without_redis_a_service_starts_and_its_doors_take_mails_that_are_published_later(
    server: RedisServer, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.run.REDIS_PATIENCE_S", 0.1)
    await server.kill()
    async with house(("ingest",), server.url, prefix, data_dir) as made:
        async with made.http("ingest") as http:
            assert (await http.post("/v1/reports", content=mail(), headers=REPORT)).status_code == 202
        assert await asyncio.to_thread(by_smtp, made.ports["smtp_port"]) == 250
        assert await says(made, "streams cannot be read")
        await server.start()
        await until(partial(is_well, made))

        async def is_published() -> bool:
            return len(await made.said("report.received.v1")) == 2

        await until(is_published)


async def test_a_service_that_waits_for_its_database_answers_how_it_is_and_503_to_anything_else(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    path, port = data_dir / "db" / "ingest.db", free_port()
    path.mkdir(parents=True)  # no file: it cannot be opened
    given: dict[str, Any] = {"redis_url": redis_url, "stream_prefix": prefix, "data_dir": data_dir, "ingest_port": port}
    ingest = service("ingest")
    made = Running(ingest, ingest.settings(**given, smtp_port=0, lmtp_port=0, held_lmtp_port=0))
    starting = asyncio.create_task(made.start())
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:

            async def tells() -> bool:
                return "it waits to start" in (await http.get("/readyz")).text

            await until(tells)
            assert (await http.get("/livez")).status_code == 200
            answer = await http.post("/v1/reports", content=mail(), headers=REPORT)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
            path.rmdir()
            await starting
            assert (await http.post("/v1/reports", content=mail(), headers=REPORT)).status_code == 202
    finally:
        await end(starting)
        await made.stop()


async def test_a_job_that_waits_says_so_once_and_once_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.jobs.FAILURE_WAIT_MAX_S", 0.0)
    tries = 0

    async def run() -> bool:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise Defer("the database is away")
        return False

    async def has_gone_on() -> bool:
        return tries > 5

    with capture_logs() as lines:
        running = asyncio.create_task(keep_running(Job("probe", 0.001, run), "test"))
        await until(has_gone_on)
        await end(running)
    assert [line["event"] for line in lines] == ["job waits", "job goes on"]

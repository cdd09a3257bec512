"""Redis behind a Sentinel: the master dies, a replica takes its place, and Longstop follows by itself."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from shared.bus import connect
from shared.events import ReportResolved
from tests.mails import mail
from tests.redis_servers import RedisServer, redis_server
from tests.services import House, free_port, house
from tests.waiting import until

pytestmark = pytest.mark.timeout(90)

#: How long the Sentinel waits before it gives a silent master up, in milliseconds.
DOWN_AFTER_MS = 500


@dataclass
class Pair:
    """A master, its replica and the Sentinel that watches them."""

    url: str
    first: RedisServer
    second: RedisServer
    sentinel: Any

    async def master_port(self) -> int:
        _, port = await self.sentinel.sentinel_get_master_addr_by_name("queue")
        return int(port)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    first, second, watch = free_port(), free_port(), free_port()
    plain = {
        "bind": "127.0.0.1",
        "appendonly": "yes",
        "repl-diskless-sync-delay": 0,
        "requirepass": "pw",
        "masterauth": "pw",
    }
    watching = {
        "port": watch,
        "bind": "127.0.0.1",
        "requirepass": "sentinelpw",
        "sentinel monitor": f"queue 127.0.0.1 {first} 1",
        "sentinel auth-pass": "queue pw",
        "sentinel down-after-milliseconds": f"queue {DOWN_AFTER_MS}",
        "sentinel failover-timeout": "queue 5000",
    }
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                redis_server(tmp_path / name, f"redis://:pw@127.0.0.1:{port}", {**plain, "port": port, **more})
            )
            for name, port, more in (("first", first, {}), ("second", second, {"replicaof": f"127.0.0.1 {first}"}))
        ]
        sentinel_url = f"redis://:sentinelpw@127.0.0.1:{watch}"
        await stack.enter_async_context(redis_server(tmp_path / "sentinel", sentinel_url, watching, "--sentinel"))
        sentinel: Any = connect(sentinel_url)
        stack.push_async_callback(sentinel.aclose)

        async def replica_is_known() -> bool:
            state = (await sentinel.sentinel_masters())["queue"]
            replicas = await sentinel.sentinel_slaves("queue")
            return bool(state["num-slaves"] == 1 and replicas and replicas[0]["master-link-status"] == "ok")

        await until(replica_is_known)
        silent = free_port()  # a Sentinel that is away is passed over
        url = f"redis+sentinel://:pw@127.0.0.1:{silent},127.0.0.1:{watch}/queue/0?sentinel_password=sentinelpw"
        yield Pair(url, servers[0], servers[1], sentinel)


async def hand_in(line: House, number: int) -> None:
    raw = mail(
        sender=f"fee{number}@parcel-fee.example", message_id=f"{number}@parcel-fee.example", subject=f"Parcel {number}"
    )
    async with line.http("ingest") as http:
        answer = await http.post("/v1/reports", content=raw, headers={"Content-Type": "message/rfc822"})
    assert answer.status_code == 202, answer.text


async def resolved(line: House, reports: int) -> bool:
    """Whether so many reports have their verdict, by what the present master holds."""
    try:
        told = await line.said(ReportResolved)
    except RedisError:
        return False
    return len({one["report_id"] for one in told}) >= reports


async def test_longstop_follows_the_master(pair: Pair, prefix: str, data_dir: Path) -> None:
    async with house(("ingest", "triage", "submission"), pair.url, prefix, data_dir, keeper_every_s=0.2) as line:
        await hand_in(line, 1)
        await until(lambda: resolved(line, 1))
        before = await pair.master_port()
        await pair.first.kill()
        await hand_in(line, 2)  # the doors take mail while there is no master

        async def another() -> bool:
            return await pair.master_port() != before

        await until(another)
        await until(lambda: resolved(line, 2), patience_s=30)


async def test_a_master_that_became_a_replica_is_left(pair: Pair, prefix: str, data_dir: Path) -> None:
    async with house(("ingest", "triage", "submission"), pair.url, prefix, data_dir, keeper_every_s=0.2) as line:
        await hand_in(line, 1)
        await until(lambda: resolved(line, 1))
        before = await pair.master_port()
        await pair.sentinel.execute_command("SENTINEL", "FAILOVER", "queue")

        async def another() -> bool:
            return await pair.master_port() != before

        await until(another)
        await hand_in(line, 2)
        await until(lambda: resolved(line, 2), patience_s=30)

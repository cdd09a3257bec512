"""Starting whole services in a test, on free ports, against the real Redis."""

import contextlib
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from longstop.health import PORTS
from longstop.services import service
from shared.bus import connect
from shared.errors import Defer
from shared.events import Event, rfc3339
from shared.run import Running
from shared.work import Database
from tests.waiting import until

#: Ports of ingest beside its HTTP.
DOORS = ("smtp_port", "lmtp_port", "held_lmtp_port", "milter_port", "policy_port")

#: Below those that Linux and macOS give to connections.
LISTENING = range(20_000, 32_000)

#: How long a commit's events may take to be sent, in seconds, before a test looks anyway.
SENDING_S = 2.0

#: What this run has given away: who asked may not listen yet.
given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on now, and that no connection is given: a service that starts again finds it free."""
    for port in random.SystemRandom().sample(sorted(set(LISTENING) - given), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            given.add(port)
            return port
    raise AssertionError("no port is free")


class House:
    """Some services of one Longstop."""

    def __init__(self, names: tuple[str, ...], redis_url: str, prefix: str, data_dir: Path, **settings: Any) -> None:
        self.prefix = prefix
        self.data_dir = data_dir
        self.redis: Any = connect(redis_url)
        self.ports = {PORTS[name][0]: free_port() for name in names} | {name: free_port() for name in DOORS}
        common = {
            "redis_url": redis_url,
            "stream_prefix": prefix,
            "data_dir": data_dir,
            "retry_base_ms": 50,
            "own_domains": ("example.org",),
        }
        self.overrides = {**common, **self.ports, **settings}
        self._running = [Running(one, one.settings(**self.overrides)) for one in map(service, names)]

    async def start(self) -> None:
        for one in self._running:
            await one.start()

    async def stop(self) -> None:
        for one in self._running:
            await one.stop()
        await self.redis.aclose()

    def database(self, name: str) -> Database:
        """The database of one service."""
        return next(one.database for one in self._running if one.name == name)

    def http(self, name: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.ports[PORTS[name][0]]}", timeout=20)

    async def publish(self, event: Event, *, said_at: datetime | None = None) -> None:
        fields = {"data": event.model_dump_json(), "id": event.event_id(), "source": "test"}
        if said_at:
            fields["time"] = rfc3339(said_at)
        await self.redis.xadd(f"{self.prefix}:{event.STREAM}", fields)

    async def said(self, kind: type[Event] | str) -> list[dict[str, Any]]:
        """The data of all events of one stream, or the fields of all dead letters; what is committed is sent first."""
        for one in self._running:
            with contextlib.suppress(AssertionError, Defer):
                await until(partial(_has_sent, one.database), patience_s=SENDING_S)
        stream = kind if isinstance(kind, str) else kind.STREAM
        entries = await self.redis.xrange(f"{self.prefix}:{stream}")
        texts = [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in entries]
        return [json.loads(text["data"]) if "data" in text else text for text in texts]

    async def is_quiet(self) -> bool:
        """Whether everything that was said has been read, and everything that follows from it has been said."""
        for _ in range(2):  # what left an outbox after the streams were looked at is seen the second time
            for stream in await self.redis.keys(f"{self.prefix}:*.v1"):
                groups: Any = await self.redis.xinfo_groups(stream)
                if any(group["lag"] or group["pending"] for group in groups):
                    return False
            if not all([await _has_sent(one.database) for one in self._running]):
                return False
        return True


async def _has_sent(database: Database) -> bool:
    unsent = select(database.outbox.c.seq).where(database.outbox.c.entry_id.is_(None)).limit(1)
    return await database.look(lambda session: session.execute(unsent).first()) is None


@asynccontextmanager
async def house(
    names: tuple[str, ...], redis_url: str, prefix: str, data_dir: Path, **settings: Any
) -> AsyncIterator[House]:
    made = House(names, redis_url, prefix, data_dir, **settings)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()

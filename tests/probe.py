"""A service of one handler and one row, for tests of the bus: what it says and sees depends on the report's id."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel, select

from shared.bus import Bus, On
from shared.errors import Defer, Reject
from shared.events import CaseJoined, ReportResolved
from shared.health import Health
from shared.outbox import Relay
from shared.settings import Settings
from shared.work import Database, Work

METADATA = MetaData()


class Seen(SQLModel, table=True):
    """The effect: one row an event."""

    metadata = METADATA
    __tablename__ = "probe_seen"

    report_id: str = Field(primary_key=True)


def see(event: ReportResolved, work: Work) -> None:
    if event.report_id.startswith("reject"):
        raise Reject("reports that start so are not wanted")
    if event.report_id.startswith("defer"):
        raise Defer("not today")
    if event.report_id.startswith("bug"):
        raise KeyError(event.report_id)
    work.session.add(Seen(report_id=event.report_id))
    work.emit(CaseJoined(case_id="c", report_id=event.report_id, report_count=2))


@dataclass
class House:
    """One service with its bus and relay, against the real server."""

    settings: Settings
    database: Database
    redis: Any  # redis-py types every answer as a union of all protocols
    on: Callable[[Any, Work], None] = see
    health: Health = field(default_factory=Health)
    bus: Bus = field(init=False)

    def stream(self, name: str = ReportResolved.STREAM) -> str:
        return f"{self.settings.stream_prefix}:{name}"

    async def publish(self, report_id: str) -> None:
        event = ReportResolved(
            report_id=report_id, case_id="c", category="spam", confidence=0.5, version=1, inherited=False
        )
        entry: dict[Any, Any] = {"data": event.model_dump_json(), "source": "test", "id": event.event_id()}
        await self.redis.xadd(self.stream(), entry)

    async def seen(self) -> list[str]:
        return await self.database.look(lambda session: sorted(session.exec(select(Seen.report_id))))

    async def pending(self) -> int:
        return int((await self.redis.xpending(self.stream(), "probe"))["pending"])

    async def dead(self) -> list[dict[str, str]]:
        await Relay(self.database, self.redis, self.settings.stream_prefix).sweep()
        entries = await self.redis.xrange(self.stream("dead.v1"))
        return [{key.decode(): value.decode() for key, value in fields.items()} for _, fields in entries]


@asynccontextmanager
async def reading(house: House) -> AsyncIterator[House]:
    house.bus = Bus(house.settings, house.database, {ReportResolved: On(house.on)}, house.health)
    await house.bus.start()
    try:
        yield house
    finally:
        await house.bus.stop()


@asynccontextmanager
async def probe(redis: Any, **settings: Any) -> AsyncIterator[House]:
    """A probe with a fresh database; it reads once `reading` says so."""
    quick = {"retry_base_ms": 50, "claim_idle_ms": 200, "attempts_max": 3}
    given = Settings(**{**quick, **settings})
    database = Database(given.database_url_of("probe"), "probe", METADATA)
    await database.create()
    yield House(given, database, redis)
    await database.close()

"""Events as they are stored: the outboxes of all services, and what the streams still hold, in the order of time."""

import heapq
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import MetaData, Select, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.bus.entries import RawFields
from shared.bus.pages import pages
from shared.entry_ids import entry_id_of
from shared.errors import Defer
from shared.settings import Settings
from shared.work import Database

#: Outbox rows of one look.
PAGE = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """An event where it was found; `stream` is without the prefix."""

    at: datetime
    stream: str
    entry_id: str
    fields: RawFields


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, up to and without `until`."""

    since: datetime
    until: datetime

    def ms(self) -> tuple[int, int]:
        """The first and the last millisecond."""
        return int(self.since.timestamp() * 1000), int(self.until.timestamp() * 1000) - 1


def is_there(url: str) -> bool:
    """Whether a database may be opened: SQLite would make an empty one."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or bool(parsed.database and Path(parsed.database).exists())


async def open_outbox(settings: Settings, service: str) -> Database | str:
    """The database of a service for reading its outbox, or why there is none."""
    url = settings.database_url_of(service)
    if not is_there(url):
        return f"{service} has no database here: its events are taken from the streams alone"
    database = Database(url, service, MetaData())
    try:
        await database.look(lambda session: session.execute(select(database.outbox.c.seq).limit(1)).all())
    except (Defer, DBAPIError) as error:
        await database.close()
        return f"the outbox of {service} cannot be read: its events are taken from the streams alone ({error})"[:300]
    return database


async def outbox_events(database: Database, streams: Collection[str], span: Span) -> AsyncIterator[Stored]:
    """What a service has said on these streams, published or not.

    Raises:
        Defer: the database cannot be read now.
    """
    outbox = database.outbox.c
    some = (
        select(outbox.seq, outbox.stream, outbox.fields, outbox.created_at)
        .where(outbox.stream.in_(streams), outbox.created_at >= span.since, outbox.created_at < span.until)
        .order_by(outbox.seq)
        .limit(PAGE)
    )
    after = 0
    while True:
        rows = await database.look(partial(_rows, some.where(outbox.seq > after)))
        for seq, stream, fields, at in rows:
            raw = {name.encode(): value.encode() for name, value in from_json(fields).items()}
            yield Stored(at, stream, f"{database.service}/{seq}", raw)
            after = seq
        if len(rows) < PAGE:
            return


def _rows(query: Select[Any], session: Session) -> Sequence[Any]:
    return session.execute(query).all()


async def stream_events(redis: Redis, prefix: str, stream: str, span: Span) -> AsyncIterator[Stored]:
    """What a stream still holds.

    Raises:
        RedisError: Redis does not answer.
    """
    first, last = span.ms()
    async for page in pages(redis, f"{prefix}:{stream}", first=str(first), last=str(last)):
        for entry_id, fields in page:
            at = datetime.fromtimestamp(entry_id_of(entry_id)[0] / 1000, UTC)
            yield Stored(at, stream, entry_id, fields)


async def in_order(sources: Sequence[AsyncIterator[Stored]]) -> AsyncIterator[Stored]:
    """Several sources as one, by time. Of the same event its outbox row comes first: it is older than its entry."""
    heads: list[tuple[datetime, int, Stored]] = []
    for number, source in enumerate(sources):
        async for event in source:
            heads.append((event.at, number, event))
            break
    heapq.heapify(heads)
    while heads:
        _, number, event = heads[0]
        yield event
        following = await anext(sources[number], None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following.at, number, following))


async def answers(redis: Redis) -> bool:
    """Whether there is a Redis to read from."""
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False

"""Counting what enforcers note in Redis: what entries stopped, and what passed."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlmodel import col, select

from services.blocklist.entries import named_fields, prolong
from services.blocklist.gateway import Gateway, Hit, Seen, words_of
from services.blocklist.rules.traffic import DAYS, day_of, keys_of
from services.blocklist.tables import Entry, Place, Traffic
from shared.errors import Defer
from shared.events import BlockHit, fact_id
from shared.rows import IN_MAX
from shared.run import Room
from shared.work import Work, chunks

#: Notes in one step.
STEP = 1_000

#: An expiry is moved when it gains at least so much: a flood moves it once.
GAIN_MIN = timedelta(hours=1)

Found = Sequence[tuple[str, Any]]


class CountNotes:
    """The job: reads the notes of one kind, and counts them in the transaction that remembers how far it has read."""

    def __init__(self, room: Room, kind: type[Hit | Seen], count: Callable[[Found, Work], None]) -> None:
        self._database = room.database
        self._gateway = Gateway(room.redis, room.settings.stream_prefix)
        self._kind = kind
        self._count = count

    async def __call__(self) -> bool:
        """One step; True when more may wait. While Redis is away there is nothing to count."""
        try:
            return await self._step()
        except Defer:
            return False

    async def _step(self) -> bool:
        stream = self._gateway.stream_of(self._kind)
        place = await self._database.look(lambda session: session.get(Place, stream))
        before = place.position if place else ""
        found = await self._gateway.notes_after(self._kind, before, STEP)
        if not found:
            return False
        await self._database.run(lambda work: self._take(found, stream, before, work), quiet=self._kind is Seen)
        await self._gateway.drop_notes(self._kind, found[-1][0])
        return len(found) == STEP

    def _take(self, found: Found, stream: str, before: str, work: Work) -> None:
        """Count what was read; nothing when another replica was quicker."""
        place = work.session.get(Place, stream) or Place(name=stream, position="")
        if place.position == before:
            place.position = found[-1][0]
            work.session.add(place)
            self._count(found, work)


def count_hits(found: Found, work: Work) -> None:
    """Count hits at their entries, and tell them; equal ones of one step once."""
    counts = Counter(hit for _, hit in found)
    ids = {hit.block_id for hit in counts}
    entries = {entry.block_id: entry for entry in work.load(Entry, col(Entry.block_id).in_(ids))}
    for hit, count in counts.items():
        if entry := entries.get(hit.block_id):
            counted(entry, count, work)
            work.emit(_told(entry, hit, count, fact_id("hit", found[-1][0], *words_of(hit).values())))


def counted(entry: Entry, count: int, work: Work) -> None:
    """Count hits of an entry, and move its end when it ends some days after the last."""
    entry.hit_count += count
    entry.last_hit_at = work.at
    if entry.idle_days and entry.status == "active":
        ends = work.at + timedelta(days=entry.idle_days)
        if entry.expires_at is None or ends - entry.expires_at >= GAIN_MIN:
            prolong(entry, ends, work)


def count_traffic(found: Found, work: Work) -> None:
    """Count what passed today, by everything that an entry might name, and forget what is too old."""
    today = day_of(work.at)
    counts = Counter(
        key for _, seen in found for key in keys_of(senders=seen.senders.split(), hosts=seen.hosts.split())
    )
    known: set[tuple[str, str]] = set()
    for some in chunks(list({value for _, value in counts}), IN_MAX):
        rows = select(Traffic.kind, Traffic.value).where(Traffic.day == today, col(Traffic.value).in_(some))
        known.update(work.session.exec(rows))
    connection = work.session.connection()
    fresh = [
        {"kind": kind, "value": value, "day": today, "mails": count}
        for (kind, value), count in counts.items()
        if (kind, value) not in known
    ]
    if fresh:
        connection.execute(insert(Traffic), fresh)
        connection.execute(delete(Traffic).where(col(Traffic.day) < today - DAYS))
    if more := [{"is_kind": key[0], "is_value": key[1], "more": counts[key]} for key in known & counts.keys()]:
        connection.execute(_MORE.where(col(Traffic.day) == today), more)


_MORE = (
    update(Traffic)
    .where(col(Traffic.kind) == bindparam("is_kind"), col(Traffic.value) == bindparam("is_value"))
    .values(mails=col(Traffic.mails) + bindparam("more"))
)


def _told(entry: Entry, hit: Hit, count: int, hit_id: str) -> BlockHit:
    return BlockHit(
        **named_fields(entry),
        hit_id=hit_id,
        enforcer=hit.enforcer,
        sender=hit.sender,
        recipient=hit.recipient,
        client_ip=hit.client_ip,
        count=count,
    )

"""Counting what entries stopped: enforcers note hits in Redis, a job counts them, tells them, and moves expiries."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import col

from services.blocklist.entries import named_fields, prolong
from services.blocklist.gateway import Gateway, Hit
from services.blocklist.tables import Entry, Place
from shared.errors import Defer
from shared.events import BlockHit, fact_id
from shared.run import Room
from shared.work import Work

#: Hits in one step.
STEP = 1_000

#: An expiry is moved when it gains at least so much: a flood moves it once.
GAIN_MIN = timedelta(hours=1)


class CountHits:
    """The job."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._gateway = Gateway(room.redis, room.settings.stream_prefix)

    async def __call__(self) -> bool:
        """One step; True when more may wait. While Redis is away there is nothing to count."""
        try:
            return await self._step()
        except Defer:
            return False

    async def _step(self) -> bool:
        stream = self._gateway.hits_stream
        place = await self._database.look(lambda session: session.get(Place, stream))
        found = await self._gateway.hits_after(place.position if place else "", STEP)
        if not found:
            return False
        before, position = place.position if place else "", found[-1][0]
        await self._database.run(lambda work: _count(found, stream, before, work))
        await self._gateway.drop_hits(position)
        return len(found) == STEP


def _count(found: Sequence[tuple[str, Hit]], stream: str, before: str, work: Work) -> None:
    """Count what was read; nothing when another replica was quicker."""
    place = work.session.get(Place, stream) or Place(name=stream, position="")
    if place.position != before:
        return
    place.position = found[-1][0]
    work.session.add(place)
    counts = Counter(hit for _, hit in found)
    ids = {hit.block_id for hit in counts}
    entries = {entry.block_id: entry for entry in work.load(Entry, col(Entry.block_id).in_(ids))}
    for hit, count in counts.items():
        if entry := entries.get(hit.block_id):
            _hit(entry, hit, count, fact_id("hit", place.position, *hit.fields().values()), work)


def counted(entry: Entry, count: int, work: Work) -> None:
    """Count hits of an entry, and move its end when it ends some days after the last."""
    entry.hit_count += count
    entry.last_hit_at = work.at
    if entry.idle_days and entry.status == "active":
        ends = work.at + timedelta(days=entry.idle_days)
        if entry.expires_at is None or ends - entry.expires_at >= GAIN_MIN:
            prolong(entry, ends, work)


def _hit(entry: Entry, hit: Hit, count: int, hit_id: str, work: Work) -> None:
    counted(entry, count, work)
    work.emit(
        BlockHit(
            **named_fields(entry),
            hit_id=hit_id,
            enforcer=hit.enforcer,
            sender=hit.sender,
            recipient=hit.recipient,
            client_ip=hit.client_ip,
            count=count,
        )
    )

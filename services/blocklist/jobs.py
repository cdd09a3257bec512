"""What the block list does by the clock: entries end, the gateway learns of every change, and drift is mended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import bindparam, or_, select, update
from sqlmodel import Session, col

from services.blocklist.comparing import Comparison
from services.blocklist.entries import expire, named_fields
from services.blocklist.finding import COLUMNS
from services.blocklist.gateway import Gateway
from services.blocklist.rules.fields import Place, Standing, places
from services.blocklist.tables import Entry, active
from shared.bulk import Bulk
from shared.errors import Defer
from shared.events import BlockExpiring
from shared.metrics import GATEWAY_MENDED, REPORT_TO_BLOCK_S, observe_since
from shared.run import Room
from shared.work import Work, now

#: Entries in one step of a job: one short transaction.
STEP = 1_000

#: Changes that the gateway learns of in one step: as many as a step of an import makes.
CHANGES = 2_000

_MARK = Bulk(
    update(Entry).where(col(Entry.block_id) == bindparam("row")).values(applied=bindparam("seen")), ("row", "seen")
)

#: How long before its end an entry is told.
WARNED_BEFORE = timedelta(days=7)


class ExpireDue:
    """Ends entries whose time is over. The gateway does not wait for it: the hash says when an entry ends."""

    def __init__(self, room: Room) -> None:
        self._database = room.database

    async def __call__(self) -> bool:
        """One step; True when more may be due."""
        due = select(col(Entry.block_id)).where(active(), col(Entry.expires_at) <= now()).limit(STEP)
        ids = await self._database.look(lambda session: session.scalars(due).all())
        if ids:
            await self._database.run(lambda work: _expire(ids, work))
        return len(ids) == STEP


class WarnBeforeEnd:
    """Tells once of each entry that it ends within a week. Those of lists are looked at as lists, and a hit moves the others' end."""

    def __init__(self, room: Room) -> None:
        self._database = room.database

    async def __call__(self) -> bool:
        """One step; True when more may be due."""
        return await self._database.run(_warn) == STEP


@dataclass(frozen=True, slots=True)
class Change:
    """Entries that the gateway must learn of."""

    seen: list[tuple[str, int]]  # row and generation, for the mark
    put: dict[Place, str]
    drop: list[Place]
    reported: list[datetime] = field(default_factory=list)  # when the reports were taken that led to new entries


class KeepGateway:
    """Keeps the gateway's hash equal to the database. One run at a time, so that runs never undo each other."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._gateway = Gateway(room.redis, room.settings.stream_prefix)
        self._lock = asyncio.Lock()
        self._comparison = Comparison(room.database, self._gateway, self._lock)
        self._waits = False
        self._log = structlog.stdlib.get_logger("gateway")

    async def apply(self) -> bool:
        """Write what has changed, or everything when Redis was emptied; True when more may wait.

        While Redis is away nothing is raised: the next second tries again, without the growing delay of failures, so that
        the gateway obeys again within a second of its return.
        """
        async with self._lock:
            try:
                if not await self._gateway.is_filled():
                    self._told(await self._comparison.fill(), 0)
                    await self._gateway.mark_filled()
                changed = await self._apply_step()
            except Defer as reason:
                if not self._waits:
                    self._log.warning("the gateway's hash waits", reason=str(reason))
                self._waits = True
                return False
            self._waits = False
            return changed == CHANGES

    async def reconcile(self) -> bool:
        """Compare some pages of fields and entries with each other and mend what differs, whoever changed it.

        Raises:
            Defer: Redis or the database cannot be used now.
        """
        self._told(*await self._comparison.go())
        return False

    def _told(self, put: int, dropped: int) -> None:
        if put or dropped:
            GATEWAY_MENDED.inc(put + dropped)
            self._log.warning("the gateway's hash was mended", put=put, dropped=dropped)

    async def _apply_step(self) -> int:
        change = await self._database.look(_changes)
        if change.seen:
            await self._gateway.write(change.put, change.drop)
            for moment in change.reported:
                observe_since(REPORT_TO_BLOCK_S, moment)
            await self._database.run(lambda work: _mark_applied(change, work), quiet=True)
        return len(change.seen)


def _expire(ids: Sequence[str], work: Work) -> None:
    due = select(Entry).where(col(Entry.block_id).in_(ids), active(), col(Entry.expires_at) <= work.at)
    expire(work.session.scalars(due).all(), work)


def _warn(work: Work) -> int:
    soon = (
        select(Entry)
        .where(active(), col(Entry.expires_at) <= work.at + WARNED_BEFORE, col(Entry.import_id) == "")
        .where(col(Entry.idle_days).is_(None))
        .where(or_(col(Entry.warned_for).is_(None), col(Entry.warned_for) != col(Entry.expires_at)))
        .limit(STEP)
    )
    found = work.session.scalars(soon).all()
    for entry in found:
        entry.warned_for = entry.expires_at
        if entry.expires_at and entry.expires_at - entry.created_at > WARNED_BEFORE:
            told = BlockExpiring(**named_fields(entry), expires_at=entry.expires_at, hit_count=entry.hit_count)
            work.emit(told)
    return len(found)


def _changes(session: Session) -> Change:
    """The next step of changes, in their order: an entry that was replaced comes before the one that replaced it."""
    dirty = (
        select(col(Entry.generation), col(Entry.status), col(Entry.reported_at), *COLUMNS)
        .where(col(Entry.applied) < col(Entry.generation))
        .order_by(col(Entry.changed_at), col(Entry.status).desc())
        .limit(CHANGES)
    )
    change = Change([], {}, [])
    for generation, status, reported_at, *values in session.execute(dirty):
        standing = Standing(*values)
        change.seen.append((standing.block_id, generation))
        if status == "active":
            if generation == 1 and reported_at:
                change.reported.append(reported_at)
            change.put.update(places(entry=standing))
        else:
            change.drop.extend(places(entry=standing))
    return change


def _mark_applied(change: Change, work: Work) -> None:
    """An entry that changed again meanwhile stays dirty."""
    _MARK.run(work.session.connection(), change.seen)

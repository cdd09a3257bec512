"""What the block list does by the clock: entries end, the gateway learns of every change, and drift is mended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import structlog
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from services.blocklist.entries import expire
from services.blocklist.gateway import Gateway
from services.blocklist.rules.fields import Place, Standing, places
from services.blocklist.tables import Entry
from shared.errors import Defer
from shared.events.vocabulary import BlockAction, BlockKind
from shared.run import Room
from shared.work import Work, now

#: Entries in one step of a job: one short transaction, one pipeline.
STEP = 500


class ExpireDue:
    """Ends entries whose time is over. The gateway does not wait for it: the hash says when an entry ends."""

    def __init__(self, room: Room) -> None:
        self._database = room.database

    async def __call__(self) -> bool:
        """One step; True when more may be due."""
        due = select(Entry.block_id).where(Entry.status == "active", col(Entry.expires_at) <= now()).limit(STEP)
        ids = await self._database.look(lambda session: session.exec(due).all())
        if ids:
            await self._database.run(lambda work: _expire(ids, work))
        return len(ids) == STEP


@dataclass(frozen=True, slots=True)
class Change:
    """Entries that the gateway must learn of."""

    seen: list[dict[str, object]]  # row and generation, for the mark
    put: dict[Place, str]
    drop: list[Place]


class KeepGateway:
    """Keeps the gateway's hash equal to the database. One run at a time, so that runs never undo each other."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._gateway = Gateway(room.redis, room.settings.stream_prefix)
        self._lock = asyncio.Lock()
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
                    await self._mend()
                changed = await self._apply_step()
            except Defer as reason:
                if not self._waits:
                    self._log.warning("the gateway's hash waits", reason=str(reason))
                self._waits = True
                return False
            self._waits = False
            return changed == STEP

    async def reconcile(self) -> bool:
        """Compare every field with the database and mend what differs, whoever changed it.

        Raises:
            Defer: Redis or the database cannot be used now.
        """
        async with self._lock:
            await self._mend()
        return False

    async def _apply_step(self) -> int:
        change = await self._database.look(_changes)
        if change.seen:
            await self._gateway.write(change.put, change.drop)
            await self._database.run(lambda work: _mark_applied(change, work), quiet=True)
        return len(change.seen)

    async def _mend(self) -> None:
        stands = await self._gateway.read()
        put, drop = await self._database.look(lambda session: _difference(stands, session))
        await self._gateway.write(put, drop)
        await self._gateway.mark_filled()
        if put or drop:
            self._log.warning("the gateway's hash was mended", put=len(put), dropped=len(drop))


def _expire(ids: Sequence[str], work: Work) -> None:
    due = select(Entry).where(col(Entry.block_id).in_(ids), Entry.status == "active", col(Entry.expires_at) <= work.at)
    expire(work.session.exec(due).all(), work)


def _changes(session: Session) -> Change:
    """The next step of changes, in their order: an entry that was replaced comes before the one that replaced it."""
    dirty = (
        select(Entry)
        .where(col(Entry.applied) < col(Entry.generation))
        .order_by(col(Entry.changed_at), col(Entry.status).desc())
        .limit(STEP)
    )
    change = Change([], {}, [])
    for entry in session.exec(dirty):
        change.seen.append({"row": entry.block_id, "seen": entry.generation})
        if entry.status == "active":
            change.put.update(_places(entry))
        else:
            change.drop.extend(_places(entry))
    return change


def _mark_applied(change: Change, work: Work) -> None:
    """An entry that changed again meanwhile stays dirty."""
    mark = update(Entry).where(col(Entry.block_id) == bindparam("row")).values(applied=bindparam("seen"))
    work.session.connection().execute(mark, change.seen)


def _difference(stands: dict[Place, str], session: Session) -> tuple[dict[Place, str], list[Place]]:
    put: dict[Place, str] = {}
    stale = set(stands)
    active = select(Entry).where(Entry.status == "active").execution_options(yield_per=STEP)
    for entry in session.exec(active):
        for place, content in _places(entry).items():
            stale.discard(place)
            if stands.get(place) != content:
                put[place] = content
    return put, list(stale)


def _places(entry: Entry) -> dict[Place, str]:
    standing = Standing(
        block_id=entry.block_id,
        scope=entry.scope,
        kind=cast("BlockKind", entry.kind),
        value=entry.value,
        action=cast("BlockAction", entry.action),
        expires_at=entry.expires_at,
    )
    return places(entry=standing)

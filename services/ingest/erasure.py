"""What is forgotten: the mails of a person who asks for it, and everybody's after their time.

Rows go in a transaction and leave the names of blobs that nothing refers to any more; a job takes the blobs away then.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import delete, func, or_
from sqlmodel import col, select

from services.ingest.tables import Doomed, Held, Refused, Report
from shared.events import ErasureRequested, fact_id
from shared.run import Room
from shared.work import Work, chunks, now

#: Rows, or blobs, of one step: a short transaction.
STEP = 300

#: A held mail goes so long after its recipients could last ask for it: until then it may be on its way to them.
GRACE = timedelta(days=1)

_TABLES: tuple[Any, ...] = (Report, Held, Refused)


class Wish(BaseModel):
    """Whose mails are erased."""

    address: str = Field(min_length=3, max_length=320, pattern=r"^[^@\s%]+@[^@\s%]+$")


class Erased(BaseModel):
    """What was erased here; the other services erase what they know of it."""

    erasure_id: str
    reports: int
    held: int
    raw_mails: int


def erase_person(address: str, work: Work) -> Erased:
    """Forget the mails that a person reported, received or sent, and tell the others to."""
    wanted = address.lower()
    inside = func.instr if work.session.get_bind().dialect.name == "sqlite" else func.strpos
    counts = []
    names: list[str] = []
    for table in _TABLES:
        mine = inside(table.people, f" {wanted} ") > 0
        if table is not Held:
            mine = or_(mine, func.lower(table.reporter) == wanted)
        rows = work.session.exec(select(table.sha256).where(mine)).all()
        work.session.exec(delete(table).where(mine))
        counts.append(len(rows))
        names += rows
    raw_mails = doom(names, work)
    asked = ErasureRequested(erasure_id=fact_id("erasure", wanted, work.at), address=wanted, requested_at=work.at)
    work.emit(asked)
    return Erased(erasure_id=asked.erasure_id, reports=counts[0] + counts[2], held=counts[1], raw_mails=raw_mails)


def on_recalled(event: ErasureRequested, work: Work) -> None:
    """A replay forgets again."""
    erase_person(event.address, work)


def doom(names: Sequence[str], work: Work) -> int:
    """Note blobs to be taken away; those that something still refers to are left out. How many were noted."""
    count = 0
    for some in chunks(list(dict.fromkeys(names)), STEP):
        left = set(some)
        for table in (*_TABLES, Doomed):
            left.difference_update(work.session.exec(select(table.sha256).where(col(table.sha256).in_(some))).all())
        work.session.add_all(Doomed(sha256=name, at=work.at) for name in left)
        count += len(left)
    return count


class Retention:
    """The jobs: rows after their time, blobs that nothing refers to."""

    def __init__(self, room: Room) -> None:
        self._room = room
        settings = room.settings
        self._mails = timedelta(days=settings.keep_mails_days)
        self._held = timedelta(days=settings.retention_days) + GRACE

    async def end_rows(self) -> bool:
        """Forget one step of rows whose time is over; True when there may be more."""

        def end(work: Work) -> bool:
            mails, held = work.at - self._mails, work.at - self._held
            ended = [
                _end(Report, Report.report_id, Report.received_at, mails, work),
                _end(Refused, Refused.report_id, Refused.refused_at, mails, work),
                _end(Held, Held.held_id, Held.held_at, held, work),
            ]
            return STEP in ended

        return await self._room.database.run(end, quiet=True)

    async def take_away(self) -> bool:
        """Take noted blobs away; one that was handed in again meanwhile stays."""
        doomed = await self._room.database.look(lambda session: session.exec(select(Doomed).limit(STEP)).all())
        if not doomed:
            return False
        await asyncio.to_thread(self._room.blobs.erase, {one.sha256: one.at for one in doomed})
        gone = [one.sha256 for one in doomed]
        await self._room.database.run(
            lambda work: work.session.exec(delete(Doomed).where(col(Doomed.sha256).in_(gone))), quiet=True
        )
        return len(doomed) == STEP

    async def sweep(self) -> bool:
        """Note blobs that are older than anything may be and that no row names: what a crash left behind."""
        before = now() - max(self._mails, self._held)
        names = await asyncio.to_thread(lambda: list(self._room.blobs.older(before)))
        for some in chunks(names, STEP):
            await self._room.database.run(partial(doom, some), quiet=True)
        return False


def _end(table: Any, key: Any, at: Any, before: datetime, work: Work) -> int:
    """Forget rows of one table from before a time; how many, at most one step."""
    rows = work.session.execute(select(key, table.sha256).where(at < before).limit(STEP)).all()
    work.session.execute(delete(table).where(key.in_([row[0] for row in rows])))
    doom([row[1] for row in rows], work)
    return len(rows)

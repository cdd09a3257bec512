"""Imports that are making entries, so that one that stops in the middle, as by a power cut, leaves nothing either."""

from datetime import timedelta

import structlog
from sqlalchemy import delete, update
from sqlmodel import col, select

from services.blocklist.tables import Claim, Entry, UnderWay, active
from shared.errors import Defer
from shared.run import Room
from shared.work import Database, Work, now

#: Entries that are taken back in one transaction.
STEP = 2_000

#: An import whose last step is so old was stopped: a step takes a moment, and what it waits for less than a minute.
STOPPED = timedelta(minutes=3)


def begin(import_id: str, work: Work) -> None:
    """Remember that an import begins to make entries."""
    work.session.add(UnderWay(import_id=import_id, stepped_at=work.at))


def go_on(import_id: str, work: Work) -> None:
    """Say that it still does.

    Raises:
        Defer: it was taken for stopped, and is being taken back.
    """
    here = update(UnderWay).where(col(UnderWay.import_id) == import_id, ~col(UnderWay.is_ending))
    if work.session.connection().execute(here.values(stepped_at=work.at)).rowcount == 0:
        raise Defer("the import stood still for too long and was taken back: take the list in again")


def finish(import_id: str, work: Work) -> None:
    """What it made stays."""
    go_on(import_id, work)
    work.session.execute(delete(UnderWay).where(col(UnderWay.import_id) == import_id))


async def take_back(database: Database, import_id: str) -> None:
    """Remove what an import has made.

    Raises:
        Defer: the database cannot be written now; `TakeBackStopped` does it later.
    """
    await database.run(lambda work: _end(import_id, work))
    while await database.run(lambda work: _remove_some(import_id, work)):
        pass


def _end(import_id: str, work: Work) -> None:
    ending = update(UnderWay).where(col(UnderWay.import_id) == import_id).values(is_ending=True)
    work.session.execute(ending)


def _remove_some(import_id: str, work: Work) -> bool:
    """Remove some of its entries; whether there may be more."""
    standing = select(Entry.block_id).where(active(), Entry.import_id == import_id).limit(STEP)
    ids = work.session.exec(standing).all()
    removed = {"status": "removed", "ended_by": "import", "changed_at": work.at, "generation": Entry.generation + 1}
    work.session.execute(delete(Claim).where(col(Claim.block_id).in_(ids)))
    work.session.execute(update(Entry).where(col(Entry.block_id).in_(ids)).values(**removed))
    if len(ids) < STEP:
        work.session.execute(delete(UnderWay).where(col(UnderWay.import_id) == import_id))
    return len(ids) == STEP


class TakeBackStopped:
    """The job: takes back what imports made that were stopped in the middle."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._log = structlog.stdlib.get_logger("imports")

    async def __call__(self) -> bool:
        """All that stand still."""
        stopped = select(UnderWay.import_id).where(col(UnderWay.stepped_at) < now() - STOPPED)
        for import_id in await self._database.look(lambda session: session.exec(stopped).all()):
            self._log.warning("an import was stopped in the middle and is taken back", import_id=import_id)
            await take_back(self._database, import_id)
        return False

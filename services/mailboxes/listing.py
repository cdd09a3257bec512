"""The job that finds out which mailboxes there are."""

import asyncio
from collections.abc import Sequence

from sqlmodel import col, select

from services.mailboxes.purges import Purges, purge_of
from services.mailboxes.results import finish
from services.mailboxes.rules.policy import retry_delay
from services.mailboxes.stores import MailStore
from services.mailboxes.tables import Purge
from shared.errors import LongstopError, Reject
from shared.run import Room
from shared.work import Work, now

#: Failures in a row until a purge is given up: a few minutes, which people wait for.
ATTEMPTS = 8


class ListMailboxes:
    """Finds out which mailboxes there are, for purges that look in all of them."""

    def __init__(self, room: Room, store: MailStore | None, purges: Purges) -> None:
        self._room = room
        self._store = store
        self._purges = purges

    async def __call__(self) -> bool:
        """One step."""
        query = select(Purge.purge_id).where(col(Purge.due_at) <= now())
        for purge_id in await self._room.database.look(lambda session: session.exec(query).all()):
            await self._list(purge_id)
        return False

    async def _list(self, purge_id: str) -> None:
        try:
            if self._store is None:
                raise Reject("no mail store is known: set LONGSTOP_MAILSTORE_URL")
            names = await asyncio.to_thread(self._store.mailboxes)
        except LongstopError as error:
            why, final = str(error), isinstance(error, Reject)
            await self._room.database.run(lambda work: self._later(purge_id, why, work, final=final))
            return
        await self._room.database.run(lambda work: self._listed(purge_id, names, work))

    def _listed(self, purge_id: str, names: Sequence[str], work: Work) -> None:
        purge = purge_of(purge_id, work)
        if purge.due_at:
            self._purges.look_in(purge, names, work)

    def _later(self, purge_id: str, why: str, work: Work, *, final: bool) -> None:
        purge = purge_of(purge_id, work)
        if purge.due_at is None:
            return
        purge.attempts += 1
        purge.due_at = work.at + retry_delay(attempts=purge.attempts, base_ms=self._room.settings.retry_base_ms)
        if final or purge.attempts >= ATTEMPTS:
            finish(purge, "failed", why, work)

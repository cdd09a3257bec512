"""Sessions: a cookie of 256 random bits, and a row that ends it wherever it is copied to."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlmodel import col, select

from services.console.access.tables import Delivery, Key, Look, SessionRow
from services.console.rules.access import Person, fingerprint
from services.console.settings import ConsoleSettings
from shared.work import Database, Work, now

#: Sessions of one person; the oldest ends when another opens.
SESSIONS_MAX = 20

#: What was seen is written down to the minute.
SEEN_EVERY = timedelta(minutes=1)

#: How long deliveries that were given up are kept.
DEAD_KEPT = timedelta(days=30)

#: How long an idempotency key is remembered.
KEY_KEPT = timedelta(days=1)


class Sessions:
    """Opened at sign-in, ended by signing out, by time, or by an admin."""

    def __init__(self, database: Database, settings: ConsoleSettings) -> None:
        self._database = database
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self.longest = timedelta(hours=settings.session_hours)

    async def open(self, person: Person, token_id: str = "") -> str:
        """A new session; the cookie's value."""
        secret = secrets.token_urlsafe(32)

        def make(work: Work) -> None:
            theirs = select(SessionRow).where(SessionRow.name == person.name).order_by(col(SessionRow.opened_at).desc())
            for row in work.session.exec(theirs.offset(SESSIONS_MAX - 1)):
                work.session.delete(row)
            row = SessionRow(
                id=fingerprint(secret),
                name=person.name,
                role=person.role,
                via=person.via,
                kinds=list(person.kinds),
                token_id=token_id,
                address=person.address,
                opened_at=work.at,
                seen_at=work.at,
                ends_at=work.at + self.longest,
            )
            work.session.add(row)

        await self._database.run(make, quiet=True)
        return secret

    async def find(self, secret: str) -> SessionRow | None:
        """The session whose cookie this is, when it goes on."""
        if not 0 < len(secret) <= 100:
            return None
        key, at = fingerprint(secret), now()
        found = await self._database.look(lambda session: session.get(SessionRow, key))
        if found is None or not self.goes_on(found, at):
            return None
        if at - found.seen_at > SEEN_EVERY:
            await self._database.run(lambda work: _seen(key, work), quiet=True)
        return found

    async def is_open(self, key: str) -> bool:
        """Whether a session goes on, by the fingerprint of its cookie."""
        found = await self._database.look(lambda session: session.get(SessionRow, key))
        return found is not None and self.goes_on(found, now())

    def goes_on(self, row: SessionRow, at: datetime) -> bool:
        """Whether a session has not ended by time."""
        return at < row.ends_at and at - row.seen_at < self._idle

    async def end(self, key: str) -> bool:
        """End a session by the fingerprint of its cookie; whether it was there."""

        def drop(work: Work) -> bool:
            found = work.session.get(SessionRow, key)
            if found is not None:
                work.session.delete(found)
            return found is not None

        return await self._database.run(drop, quiet=True)

    async def end_all(self, person: Person) -> None:
        """End every session that somebody opened in the same way as this one."""
        theirs = delete(SessionRow).where(col(SessionRow.name) == person.name, col(SessionRow.via) == person.via)
        await self._database.run(lambda work: work.session.connection().execute(theirs), quiet=True)

    async def all(self) -> list[SessionRow]:
        """Every session that goes on, the newest first."""
        at = now()
        newest = select(SessionRow).order_by(col(SessionRow.opened_at).desc()).limit(1_000)
        rows = await self._database.look(lambda session: list(session.exec(newest)))
        return [row for row in rows if self.goes_on(row, at)]

    async def forget_old(self) -> bool:
        """A job: drop sessions, grants, idempotency keys and given up deliveries whose time is over."""
        at = now()
        ended = or_(col(SessionRow.ends_at) < at, col(SessionRow.seen_at) < at - self._idle)

        def drop(work: Work) -> None:
            work.session.execute(delete(SessionRow).where(ended))
            work.session.execute(delete(Look).where(col(Look.ends_at) < at))
            work.session.execute(delete(Key).where(col(Key.at) < at - KEY_KEPT))
            work.session.execute(delete(Delivery).where(col(Delivery.is_dead), col(Delivery.due_at) < at - DEAD_KEPT))

        await self._database.run(drop, quiet=True)
        return False


def _seen(key: str, work: Work) -> None:
    found = work.session.get(SessionRow, key)
    if found is not None:
        found.seen_at = work.at

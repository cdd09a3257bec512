"""What the keeper asks of and writes into a service's outbox and inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Update, func, select, update
from sqlmodel import Session

from shared.bus.entries import DEAD_STREAM
from shared.entry_ids import EntryId, sortable
from shared.work import Database, Work

#: Rows that are looked at, or forgotten, in one statement.
STEP = 500
FORGET_STEP = 5_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Published rows of one stream that are not confirmed: how many, and the oldest and the newest of their entries."""

    rows: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Depth:
    """Rows that are not published yet, counted up to a limit, and the age of the first."""

    unsent: int
    since: datetime | None


class Ledger:
    """The outbox and inbox of one service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outbox = database.outbox
        self._inbox = database.inbox

    async def depth(self, limit: int) -> Depth:
        """How much waits to be published; counting stops at `limit`."""
        unsent = select(self._outbox.c.created_at).where(self._outbox.c.entry_id.is_(None))
        some = unsent.limit(limit).subquery()
        first = unsent.order_by(self._outbox.c.seq).limit(1)

        def ask(session: Session) -> Depth:
            return Depth(
                session.scalar(select(func.count()).select_from(some)) or 0,
                session.scalar(first),
            )

        return await self._database.look(ask)

    async def waiting(self) -> dict[str, Waiting]:
        """What is published and not confirmed, by stream."""
        entry = self._outbox.c.entry_id
        query = (
            select(self._outbox.c.stream, func.count(), func.min(entry), func.max(entry))
            .where(self._is_waiting())
            .group_by(self._outbox.c.stream)
        )
        found = await self._database.look(lambda session: session.execute(query).all())
        return {stream: Waiting(*rest) for stream, *rest in found}

    async def confirm(self, stream: str, horizon: EntryId) -> int:
        """Confirm the rows before `horizon`."""
        statement = self._confirm(stream).where(self._outbox.c.entry_id < sortable(horizon))
        return await self._execute(statement)

    async def confirm_old(self, stream: str, before: datetime) -> int:
        """Confirm rows that are old enough: those of a stream that nobody of ours reads."""
        return await self._execute(self._confirm(stream).where(self._outbox.c.created_at < before))

    async def confirm_rows(self, rows: Sequence[int]) -> None:
        """Confirm these rows."""
        await self._execute(update(self._outbox).where(self._outbox.c.seq.in_(rows)).values(confirmed=True))

    async def page(self, stream: str, after: str) -> Sequence[tuple[int, str]]:
        """The next waiting rows of a stream, in the order of their entries: number and entry."""
        outbox = self._outbox.c
        query = (
            select(outbox.seq, outbox.entry_id)
            .where(self._is_waiting(), outbox.stream == stream, outbox.entry_id > after)
            .order_by(outbox.entry_id)
            .limit(STEP)
        )
        return await self._database.look(lambda session: [(seq, entry) for seq, entry in session.execute(query)])

    async def send_again(self, rows: Sequence[int]) -> None:
        """Make these rows unsent."""
        await self._execute(update(self._outbox).where(self._outbox.c.seq.in_(rows)).values(entry_id=None))

    async def send_since(self, since: datetime) -> int:
        """Make unsent what was said since a time, but for dead letters: those that are gone were dropped; how many rows."""
        outbox = self._outbox.c
        edges = select(func.min(outbox.seq), func.max(outbox.seq)).where(outbox.created_at >= since)
        first, last = await self._database.look(lambda session: session.execute(edges).one())
        if first is None:
            return 0
        count = 0
        for start in range(first, last + 1, FORGET_STEP):
            some = outbox.seq.between(start, start + FORGET_STEP - 1), outbox.created_at >= since
            again = update(self._outbox).where(*some, outbox.entry_id.is_not(None), outbox.stream != DEAD_STREAM)
            count += await self._execute(again.values(entry_id=None, confirmed=False))
        return count

    async def forget(self, *, published_before: datetime, handled_before: datetime) -> bool:
        """Delete a step of old rows and receipts; whether there may be more."""
        return await self._database.run(lambda work: self._forget(work, published_before, handled_before), quiet=True)

    def _forget(self, work: Work, published_before: datetime, handled_before: datetime) -> bool:
        outbox, inbox = self._outbox, self._inbox
        sent = select(outbox.c.seq).where(outbox.c.confirmed, outbox.c.created_at < published_before).limit(FORGET_STEP)
        rows = list(work.session.execute(sent).scalars())
        if rows:
            for start in range(0, len(rows), STEP):
                work.session.execute(outbox.delete().where(outbox.c.seq.in_(rows[start : start + STEP])))
        moment = (
            select(inbox.c.received_at)
            .where(inbox.c.received_at < handled_before)
            .order_by(inbox.c.received_at)
            .offset(FORGET_STEP)
            .limit(1)
        )
        until = work.session.execute(moment).scalar()
        old = inbox.c.received_at <= until if until else inbox.c.received_at < handled_before
        work.session.execute(inbox.delete().where(old))
        return len(rows) == FORGET_STEP or until is not None

    def _is_waiting(self) -> ColumnElement[bool]:
        return self._outbox.c.entry_id.is_not(None) & self._outbox.c.confirmed.is_(False)

    def _confirm(self, stream: str) -> Update:
        return update(self._outbox).where(self._is_waiting(), self._outbox.c.stream == stream).values(confirmed=True)

    async def _execute(self, statement: Update) -> int:
        def write(work: Work) -> int:
            return int(work.session.connection().execute(statement).rowcount)

        return await self._database.run(write, quiet=True)

"""The database of one service, and a unit of work: one transaction with its inbox receipts and outbox rows.

Work is synchronous on purpose: a handler is a plain function that reads rows, decides and writes rows; it cannot wait
for the outside, because it cannot wait at all. `Database.run` carries it to where rows are written (shared.stores), one
transaction of a service at a time, so that no handler ever meets another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from pydantic_core import to_json
from sqlalchemy import MetaData, insert, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.bulk import Bulk
from shared.errors import Defer
from shared.events import Envelope, Event
from shared.rows import IN_MAX, Rows
from shared.stores import is_trouble, open_store
from shared.tables import inbox_table, outbox_table, readers_table
from shared.trace import follow

T = TypeVar("T")
Row = TypeVar("Row")


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


class Work(Rows):
    """One transaction. Handlers look rows up, add rows and say events; only the edge commits.

    `at` is when it happens here, `said_at` when the event in hand was said: streams are read side by side, so of two
    events of different streams only the latter tells which came first.
    """

    def __init__(self, session: Session, database: "Database", at: datetime) -> None:
        super().__init__(session)
        self.at = at
        self.said_at = at
        self.traceparent = ""
        self._database = database
        self._outgoing: list[tuple[str, str, datetime]] = []

    def take(self, envelope: Envelope) -> None:
        """Have this event in hand. Nobody speaks from the future, whatever a foreign clock says."""
        self.traceparent = envelope.traceparent
        self.said_at = min(envelope.time or self.at, self.at)

    def emit(self, fact: Event, *, traceparent: str = "") -> None:
        """Say a fact; it leaves when this transaction has committed. Its trace is that of the event in hand."""
        trace = follow(traceparent or self.traceparent)
        fields = fact.fields(source=self._database.source, time=self.at, traceparent=trace)
        self.post(fact.STREAM, fields)

    def post(self, stream: str, fields: dict[str, str]) -> None:
        """Put a raw entry into the outbox: `emit` for what is no event of ours, such as a dead letter."""
        self._outgoing.append((stream, to_json(fields).decode(), self.at))

    def take_in(self, receipts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Write inbox receipts (source, event id); those that were not there before, that is: handle these.

        Nobody writes beside us, so looking first is as safe as a conflict, and two short statements are quicker.
        """
        fresh = set(receipts)
        inbox = self._database.inbox
        for some in chunks([event_id for _, event_id in fresh], IN_MAX):
            there = select(inbox.c.source, inbox.c.event_id).where(inbox.c.event_id.in_(some))
            fresh.difference_update((source, event_id) for source, event_id in self.session.connection().execute(there))
        if fresh:
            rows = [(source, event_id, self.at) for source, event_id in fresh]
            self._database.into_inbox.run(self.session.connection(), rows)
        return fresh

    def flush(self) -> None:
        """Write what is waiting: rows and outgoing events, many in one statement."""
        super().flush()
        if self._outgoing:
            self._database.into_outbox.run(self.session.connection(), self._outgoing)
            self._outgoing = []

    def forget(self) -> None:
        """Drop what belongs to a savepoint that was rolled back."""
        super().forget()
        self._outgoing = []


class Database:
    """The tables of one service. Every write goes through `run`, every look through `look`."""

    def __init__(self, url: str, service: str, metadata: MetaData) -> None:
        self.service = service
        self.source = f"longstop/{service}"
        self.inbox = inbox_table(metadata, service)
        self.outbox = outbox_table(metadata, service)
        self.readers = readers_table(metadata, service)
        self.into_inbox = Bulk(insert(self.inbox).inline(), ("source", "event_id", "received_at"))
        self.into_outbox = Bulk(insert(self.outbox).inline(), ("stream", "fields", "created_at"))
        self._wakes: list[asyncio.Event] = []
        self._metadata = metadata
        self._store = open_store(url, service)

    async def create(self) -> None:
        """Make the tables, columns and indexes that are not there yet.

        Raises:
            Defer: the database cannot be written now.
        """
        with self._trouble_is_passing("written"):
            await self._store.create(self._metadata)

    def wake_on_commit(self) -> asyncio.Event:
        """An event that is set after every commit: the relay and the jobs look for work then, not by the clock."""
        wake = asyncio.Event()
        self._wakes.append(wake)
        return wake

    async def run(self, job: Callable[[Work], T], *, quiet: bool = False) -> T:
        """Run `job` in one transaction and commit it; nothing of it stays when it raises. `quiet` wakes nobody.

        Raises:
            Defer: the database is locked, full or gone; nothing was written.
        """
        with self._trouble_is_passing("written"):
            result = await self._store.write(self._in_work(job))
        if not quiet:
            for wake in self._wakes:
                wake.set()
        return result

    async def look(self, query: Callable[[Session], T]) -> T:
        """Run a reading `query` on a snapshot; it must not write.

        Raises:
            Defer: the database cannot be read now.
        """
        with self._trouble_is_passing("read"):
            return await self._store.read(query)

    async def hand_over(
        self,
        take: Callable[[Session], Sequence[Row]],
        send: Callable[[Sequence[Row]], Awaitable[T]],
        mark: Callable[[Session, T], None],
    ) -> T | None:
        """Take rows, send them outside, mark them as sent; None when there were none. `send` must not raise.

        Raises:
            Defer: the database cannot be used now; what was sent may be sent again.
        """
        with self._trouble_is_passing("written"):
            return await self._store.hand_over(take, send, mark)

    async def close(self) -> None:
        """Wait for the running transaction and let go of every connection."""
        await self._store.close()

    def _in_work(self, job: Callable[[Work], T]) -> Callable[[Session], T]:
        def transact(session: Session) -> T:
            work = Work(session, self, now())
            result = job(work)
            work.flush()
            return result

        return transact

    @contextmanager
    def _trouble_is_passing(self, what: str) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if not is_trouble(error):
                raise
            reason = str(error.orig) or type(error.orig).__name__
            raise Defer(f"the database of {self.service} cannot be {what} now: {reason}") from error


def chunks(values: Sequence[T], size: int = 300) -> Iterable[Sequence[T]]:
    """Cut a long list for statements with bound variables."""
    return (values[start : start + size] for start in range(0, len(values), size))

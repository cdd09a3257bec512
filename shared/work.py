"""The database of one service, and a unit of work: one transaction with its inbox receipts and outbox rows.

Work is synchronous on purpose: a handler is a plain function that reads rows, decides and writes rows; it cannot wait
for the outside, because it cannot wait at all. `Database.run` carries it into the one writing thread of the database, so
writers of a process never meet, and the event loop never stands still.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Column, Engine, Index, MetaData, Table, create_engine, event, insert, types
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from shared.errors import Defer
from shared.events import Event

T = TypeVar("T")

#: How long SQLite waits for another process's write, in milliseconds.
BUSY_TIMEOUT_MS = 5_000

#: Threads for reading: pages and due rows; more would only compete for the same disk.
READERS = 4


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


class UtcTime(types.TypeDecorator[datetime]):
    """A moment in UTC that stays aware: SQLite keeps none of a time's zone."""

    impl = types.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store UTC; refuse a naive time."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a zone is no moment")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def inbox_table(metadata: MetaData, service: str) -> Table:
    """Receipts: which events this service has handled. The row is the fence against a second effect."""
    name = f"{service}_inbox"
    if name in metadata.tables:
        return metadata.tables[name]
    return Table(
        name,
        metadata,
        Column("source", types.String(255), primary_key=True),
        Column("event_id", types.String(255), primary_key=True),
        Column("received_at", UtcTime, nullable=False, index=True),
    )


def outbox_table(metadata: MetaData, service: str) -> Table:
    """Events on their way out: written with the rows they tell of, sent by the relay, kept for publishing again."""
    name = f"{service}_outbox"
    if name in metadata.tables:
        return metadata.tables[name]
    table = Table(
        name,
        metadata,
        Column("seq", types.BigInteger().with_variant(types.Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("stream", types.String(100), nullable=False),
        Column("fields", types.Text, nullable=False),
        Column("created_at", UtcTime, nullable=False),
        Column("published_at", UtcTime),
        Column("entry_id", types.String(40)),
    )
    unsent = table.c.published_at.is_(None)
    Index(f"ix_{service}_outbox_unsent", table.c.seq, sqlite_where=unsent, postgresql_where=unsent)
    return table


class Work:
    """One transaction. Handlers write rows by `session` and events by `emit`; only the edge commits."""

    def __init__(self, session: Session, database: "Database", at: datetime) -> None:
        self.session = session
        self.at = at
        self._database = database
        self._outgoing: list[dict[str, Any]] = []

    def emit(self, fact: Event, *, traceparent: str = "") -> None:
        """Say a fact; it leaves when this transaction has committed."""
        fields = fact.fields(source=self._database.source, time=self.at, traceparent=traceparent)
        self.post(fact.STREAM, fields)

    def post(self, stream: str, fields: dict[str, str]) -> None:
        """Put a raw entry into the outbox: `emit` for what is no event of ours, such as a dead letter."""
        self._outgoing.append({"stream": stream, "fields": json.dumps(fields), "created_at": self.at})

    def take_in(self, receipts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Write inbox receipts (source, event id); those that were not there before, that is: handle these."""
        rows = [{"source": source, "event_id": event_id, "received_at": self.at} for source, event_id in receipts]
        if not rows:
            return set()
        inbox = self._database.inbox
        dialect = self._database.dialect_insert
        taken: set[tuple[str, str]] = set()
        for start in range(0, len(rows), 300):  # SQLite allows 999 variables in one statement, Python's build more
            statement = (
                dialect(inbox)
                .values(rows[start : start + 300])
                .on_conflict_do_nothing()
                .returning(inbox.c.source, inbox.c.event_id)
            )
            taken.update((source, event_id) for source, event_id in self.session.execute(statement))
        return taken

    def flush(self) -> None:
        """Write what is waiting: rows and outgoing events, many in one statement."""
        self.session.flush()
        if self._outgoing:
            self.session.execute(insert(self._database.outbox), self._outgoing)
            self._outgoing = []

    def forget_outgoing(self) -> None:
        """Drop events that belong to a savepoint that was rolled back."""
        self._outgoing = []


class Database:
    """The tables of one service. Every write goes through `run`, every look through `look`."""

    def __init__(self, url: str, service: str, metadata: MetaData) -> None:
        self.service = service
        self.source = f"longstop/{service}"
        self.inbox = inbox_table(metadata, service)
        self.outbox = outbox_table(metadata, service)
        self._wakes: list[asyncio.Event] = []
        self._metadata = metadata
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            raise ValueError(f"LONGSTOP_DATABASE_URL: {parsed.drivername} is not supported yet; use sqlite:///PATH")
        from sqlalchemy.dialects.sqlite import insert as dialect_insert  # noqa: PLC0415 - the one place per dialect

        self.dialect_insert = dialect_insert
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE")
        self._reader = _sqlite_engine(url, begin="BEGIN")
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix=f"{service}-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"{service}-read")

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with self._writer.begin() as connection:
            self._metadata.create_all(connection)

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
        result = await asyncio.get_running_loop().run_in_executor(self._write_thread, self._transact, job)
        if not quiet:
            for wake in self._wakes:
                wake.set()
        return result

    async def look(self, query: Callable[[Session], T]) -> T:
        """Run a reading `query` on a snapshot; it must not write.

        Raises:
            Defer: the database cannot be read now.
        """
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read, query)

    def close(self) -> None:
        """Wait for the running transaction and let go of every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._writer.dispose()
        self._reader.dispose()

    def _transact(self, job: Callable[[Work], T]) -> T:
        try:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                work = Work(session, self, now())
                result = job(work)
                work.flush()
                return result
        except OperationalError as error:
            raise Defer(f"the database of {self.service} cannot be written now: {error.orig}") from error

    def _read(self, query: Callable[[Session], T]) -> T:
        try:
            with Session(self._reader, expire_on_commit=False) as session, session.begin():
                return query(session)
        except OperationalError as error:
            raise Defer(f"the database of {self.service} cannot be read now: {error.orig}") from error


def _sqlite_engine(url: str, *, begin: str) -> Engine:
    """SQLite as a server database: write-ahead log, every commit on disk, transactions that begin where we say."""
    engine = create_engine(url, connect_args={"check_same_thread": False, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def chunks(values: Sequence[T], size: int = 300) -> Iterable[Sequence[T]]:
    """Cut a long list for statements with bound variables."""
    return (values[start : start + size] for start in range(0, len(values), size))

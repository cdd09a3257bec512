"""PostgreSQL by asyncpg, for replicas on many machines. Handlers stay plain functions: greenlets wait for them."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy import URL, MetaData, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import Session

from shared.stores.turn import Turn
from shared.stores.upgrade import upgrade

T = TypeVar("T")
Row = TypeVar("Row")

#: Connections kept and added at need, for one replica of one service: six services with three replicas stay under the
#: hundred that PostgreSQL allows by default.
POOL_KEPT, POOL_MORE = 2, 3

#: Longest wait for a connection and for an answer, in seconds.
CONNECT_MAX_S, ANSWER_MAX_S = 5, 30

#: What bounds a transaction on the server's side, in milliseconds: a replica that was stopped in the middle of one must not
#: hold the others' turn for ever.
SERVER_SETTINGS = {
    "application_name": "longstop",
    "lock_timeout": "15000",
    "statement_timeout": "30000",
    "idle_in_transaction_session_timeout": "15000",
}


class PostgresStore:
    """One database, shared by every service and replica; a service keeps to tables of its own."""

    def __init__(self, url: URL, service: str) -> None:
        self._engine = create_async_engine(
            driver_url(url),
            hide_parameters=True,  # else an error's text, which is logged, has a mail's facts in it
            pool_size=POOL_KEPT,
            max_overflow=POOL_MORE,
            pool_timeout=CONNECT_MAX_S,
            connect_args={
                "timeout": CONNECT_MAX_S,
                "command_timeout": ANSWER_MAX_S,
                "server_settings": SERVER_SETTINGS,
            },
        )
        event.listen(self._engine.sync_engine, "before_cursor_execute", _without_nul, retval=True)
        self._writing = Turn()
        self._lock_key = int.from_bytes(hashlib.sha256(f"longstop/{service}".encode()).digest()[:8], signed=True)

    async def create(self, metadata: MetaData) -> None:
        """Make what is not there yet; replicas that start together do so in turn."""
        async with self._session() as session:
            await self._take_turn(session)
            connection = await session.connection()
            await connection.run_sync(upgrade, metadata)

    async def write(self, job: Callable[[Session], T]) -> T:
        """Run `job` while no other replica's transaction writes: an advisory lock stands for SQLite's one writer.

        With READ COMMITTED every statement after the lock sees what the transaction before it left.
        """
        async with self._writing.taken(), self._session() as session:
            await self._take_turn(session)
            return await _run(session, job)

    async def read(self, query: Callable[[Session], T]) -> T:
        """Run `query` on one snapshot."""
        async with self._session() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            return await _run(session, query)

    async def hand_over(
        self,
        take: Callable[[Session], Sequence[Row]],
        send: Callable[[Sequence[Row]], Awaitable[T]],
        mark: Callable[[Session, T], None],
    ) -> T | None:
        """Take rows that no other replica has locked, send and mark them in one transaction, beside the writers."""
        async with self._session() as session:
            rows = await _run(session, take)
            if not rows:
                return None
            sent = await send(rows)
            await _run(session, lambda plain: mark(plain, sent))
            return sent

    async def close(self) -> None:
        """Let go of every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction; a server that cannot be reached is an `OperationalError`, as with SQLite."""
        try:
            async with (
                AsyncSession(self._engine, sync_session_class=Session, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except (TimeoutError, NoConnectionError) as error:
            raise OperationalError(None, None, TimeoutError("the server does not answer in time")) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise OperationalError(None, None, error) from error

    async def _take_turn(self, session: AsyncSession) -> None:
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self._lock_key})


def _without_nul(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
) -> tuple[str, Any]:
    """Put U+FFFD where PostgreSQL would refuse U+0000: mails and requests bring it, and SQLite takes it."""
    rows = parameters if executemany else (parameters,)
    if not any("\0" in value for row in rows for value in row if isinstance(value, str)):
        return statement, parameters
    clean = [tuple(one.replace("\0", "\ufffd") if isinstance(one, str) else one for one in row) for row in rows]
    return statement, clean if executemany else clean[0]


async def _run(session: AsyncSession, job: Callable[[Session], T]) -> T:
    """Run plain code in a greenlet; its session is the class that `_session` asked for."""
    return await session.run_sync(lambda plain: job(cast("Session", plain)))


def driver_url(url: URL) -> URL:
    """The URL as SQLAlchemy's asyncpg dialect wants it: libpq's `sslmode` is `ssl` there, `password_file` is ours, as with Redis.

    Raises:
        ValueError: the password's file cannot be read.
    """
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    if file := query.pop("password_file", None):
        try:
            url = url.set(password=Path(str(file)).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ValueError(f"LONGSTOP_DATABASE_URL: {file} cannot be read ({error.strerror})") from None
    return url.set(drivername="postgresql+asyncpg", query=query)

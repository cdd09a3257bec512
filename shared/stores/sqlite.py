"""SQLite as a server database: write-ahead log, every commit on disk, one writing thread, transactions that begin where we say."""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import URL, Engine, MetaData, create_engine, event
from sqlmodel import Session

from shared.stores.turn import Turn
from shared.stores.upgrade import upgrade

T = TypeVar("T")
Row = TypeVar("Row")

#: How long SQLite waits for another process's write, in milliseconds.
BUSY_TIMEOUT_MS = 5_000

#: Threads for reading: pages and due rows; more would only compete for the same disk.
READERS = 4

#: Memory for pages of each connection, in KiB: keys are hashes, so that every insert goes to another page.
CACHE_KIB = 16 * 1024

#: Pages of the log that are copied into the database at once: pages that change often are then copied less often.
CHECKPOINT_PAGES = 4_000

#: A relay whose turn lasts longer than this, in seconds, was stopped in it, and the others go on without it; what is sent
#: twice is dropped by the readers.
TURN_MAX_S = 30.0


class SqliteStore:
    """One file. Replicas on the same machine may share it."""

    def __init__(self, url: URL, service: str) -> None:
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._writer = _engine(url, begin="BEGIN IMMEDIATE")
        self._reader = _engine(url, begin="BEGIN")
        self._writing = Turn()
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix=f"{service}-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"{service}-read")
        self._turn = Path(f"{url.database}-{service}-relay") if url.database else None

    async def create(self, metadata: MetaData) -> None:
        """Make what is not there yet."""
        await self._in(self._write_thread, self._create, metadata)

    async def write(self, job: Callable[[Session], T]) -> T:
        """Run `job` in the one writing thread."""
        async with self._writing.taken():
            return await self._in(self._write_thread, transact, self._writer, job)

    async def read(self, query: Callable[[Session], T]) -> T:
        """Run `query` in a reading thread: the write-ahead log lets it see one snapshot while others write."""
        return await self._in(self._read_threads, transact, self._reader, query)

    async def hand_over(
        self,
        take: Callable[[Session], Sequence[Row]],
        send: Callable[[Sequence[Row]], Awaitable[T]],
        mark: Callable[[Session, T], None],
    ) -> T | None:
        """Look, send, mark: no transaction is open while something is sent, for the file has one writer."""
        async with self._our_turn():
            rows = await self.read(take)
            if not rows:
                return None
            sent = await send(rows)
            await self.write(lambda session: mark(session, sent))
            return sent

    async def close(self) -> None:
        """Wait for what runs, then let go."""
        await asyncio.to_thread(self._write_thread.shutdown)
        await asyncio.to_thread(self._read_threads.shutdown)
        self._writer.dispose()
        self._reader.dispose()

    def _create(self, metadata: MetaData) -> None:
        with self._writer.begin() as connection:
            upgrade(connection, metadata)

    async def _in(self, threads: ThreadPoolExecutor, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)

    @contextlib.asynccontextmanager
    async def _our_turn(self) -> AsyncIterator[None]:
        """Wait while a relay of another process sends: it sends our rows too. The kernel ends its turn when it dies."""
        if self._turn is None:
            yield
            return
        with self._turn.open("a") as file:
            while not _locked(file):
                if time.time() - self._turn.stat().st_mtime > TURN_MAX_S:
                    break
                await asyncio.sleep(0.01)
            os.utime(self._turn)
            yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def transact(engine: Engine, job: Callable[[Session], T]) -> T:
    """Run `job` in one transaction of its own, here and now."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return job(session)


def _engine(url: URL, *, begin: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "isolation_level": None},
        hide_parameters=True,  # else an error's text, which is logged, has a mail's facts in it
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size={-CACHE_KIB}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine

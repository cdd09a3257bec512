"""A SQLite database of a service in a test, used without waiting: for tests that are about rows, not about loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, MetaData
from sqlmodel import Session

from shared.stores.sqlite import SqliteStore, transact
from shared.work import Database, Work

T = TypeVar("T")


class QuickDatabase(Database):
    """The real thing, with its store in reach."""

    def __init__(self, url: str, service: str, metadata: MetaData) -> None:
        super().__init__(url, service, metadata)
        assert isinstance(self._store, SqliteStore)
        self._threads = (self._store._write_thread, self._store._read_threads)
        self.writer: Engine = self._store._writer
        self.reader: Engine = self._store._reader
        self._store._create(self._metadata)

    def do(self, job: Callable[[Work], T]) -> T:
        """Run `job` in one transaction and commit it."""
        return transact(self.writer, self._in_work(job))

    def see(self, query: Callable[[Session], Any]) -> Any:
        """Run a reading `query`."""
        return transact(self.reader, query)

    def leave(self) -> None:
        """Let go of it."""
        for threads in self._threads:
            threads.shutdown()
        self.writer.dispose()
        self.reader.dispose()


def quick(folder: Path, service: str, metadata: MetaData) -> QuickDatabase:
    """A fresh database of that service."""
    return QuickDatabase(f"sqlite:///{folder}/{service}.db", service, metadata)

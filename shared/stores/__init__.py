"""Where the rows are: SQLite (a file beside the service) or PostgreSQL (for many machines), behind one Protocol.

Both keep the same promise, which is what lets handlers be plain code without races: *of one service, one transaction
writes at a time*, wherever its replicas run.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import MetaData
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

T = TypeVar("T")
Row = TypeVar("Row")

#: Classes of SQLSTATE (PostgreSQL, appendix A) that tell of the server and not of what was asked of it: connection (08),
#: read-only (25), rollback and deadlock (40), resources and disk (53), locks (55), shutdown (57), system (58), internal (XX).
TROUBLE = ("08", "25", "40", "53", "55", "57", "58", "XX")

#: Primary result codes of SQLite for a file that is damaged: SQLITE_CORRUPT and SQLITE_NOTADB (https://sqlite.org/rescode.html).
DAMAGED = (11, 26)


class Store(Protocol):
    """The database of one service."""

    async def create(self, metadata: MetaData) -> None:
        """Make tables, columns and indexes that are not there yet."""

    async def write(self, job: Callable[[Session], T]) -> T:
        """Run `job` in one transaction that writes alone for its service, and commit it."""

    async def read(self, query: Callable[[Session], T]) -> T:
        """Run `query` on one snapshot."""

    async def hand_over(
        self,
        take: Callable[[Session], Sequence[Row]],
        send: Callable[[Sequence[Row]], Awaitable[T]],
        mark: Callable[[Session, T], None],
    ) -> T | None:
        """Take rows, send them outside, mark them; None when there are none. Replicas take turns or different rows."""

    async def close(self) -> None:
        """Wait for the running transaction and let go of every connection."""


def open_store(url: str, service: str) -> Store:
    """The store that a URL names.

    Raises:
        ValueError: the URL names no database that we know; the text says what is allowed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(_ALLOWED) from None
    match parsed.get_backend_name():
        case "sqlite":
            from shared.stores.sqlite import SqliteStore  # noqa: PLC0415 - a service loads the driver it uses

            return SqliteStore(parsed, service)
        case "postgresql" | "postgres":
            from shared.stores.postgres import PostgresStore  # noqa: PLC0415

            return PostgresStore(parsed, service)
    raise ValueError(_ALLOWED)


def is_trouble(error: BaseException) -> bool:
    """Whether the database itself failed (locked, full, gone), rather than what was asked of it."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
        return True
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", "") or "")[:2] in TROUBLE


_ALLOWED = "LONGSTOP_DATABASE_URL: give sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"

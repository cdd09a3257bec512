"""Where the checked lines of a list wait until the last one is known to be good, and then come out by their values.

In the order of their values, and with ids that count up, neighbours of a list are neighbours in every index: a step of an import
then changes a few pages of the database instead of one for each entry and index, which is what a long import takes its time for.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self, TypeVar

from shared.errors import Defer

T = TypeVar("T")

#: Memory for pages of the file, in KiB; a sort takes about as much.
CACHE_KIB = 16 * 1024

_COLUMNS = "kind, value, action, scope, expires_at, idle_days, note"


class Checked(NamedTuple):
    """A line that may be listed, in the form in which it will be."""

    kind: str
    value: str
    action: str
    scope: str
    expires_at: str | None  # RFC 3339
    idle_days: int | None
    note: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What at most one active entry has."""
        return self.scope, self.kind, self.value


class Staged:
    """Checked lines in a file of its own that nobody else sees and that is gone when closed; one call at a time, each in a worker thread."""

    def __init__(self) -> None:
        self._rows: sqlite3.Cursor | None = None
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode=OFF", "synchronous=OFF", f"cache_size={-CACHE_KIB}"):
            self._file.execute(f"PRAGMA {setting}")
        self._file.execute(f"CREATE TABLE line ({_COLUMNS})")
        self._file.execute("BEGIN")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._file.close)

    async def add(self, rows: Iterable[Checked]) -> None:
        """Put some away; an iterator runs in the worker thread too.

        Raises:
            Defer: the disk is full.
        """
        await _apart(lambda: self._add(rows))

    async def next(self, count: int) -> list[Checked]:
        """The next ones by their values; of equal ones the first of the list comes first. Empty at the end, then anew.

        Raises:
            Defer: the disk is full.
        """
        return await _apart(lambda: self._next(count))

    def _add(self, rows: Iterable[Checked]) -> None:
        # closed here: a cursor that another thread drops resets the statement that this one may be at
        self._file.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?)", rows).close()

    def _next(self, count: int) -> list[Checked]:
        if self._rows is None:
            self._rows = self._file.execute(f"SELECT {_COLUMNS} FROM line ORDER BY value, kind, scope, rowid")  # noqa: S608 - our own words
        found = list(map(Checked._make, self._rows.fetchmany(count)))
        if not found:
            self._rows = None
        return found


async def _apart(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except sqlite3.Error as error:
        raise Defer(f"the lines of a list cannot be put aside: {error}") from error

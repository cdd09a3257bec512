"""Which groups read a stream, remembered beyond the life of Redis and of this process."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select

from shared.work import Database, Work

#: A group that has not been seen for so long was taken away on purpose, and nobody waits for it.
GONE_AFTER = timedelta(hours=24)

#: How exactly the database knows when a group was seen last.
WRITE_EVERY = timedelta(hours=1)


class Readers:
    """The groups of every stream.

    A wiped server gets its groups back one by one, whenever their services are there again; until then nothing may be
    called read by all.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.readers
        self._seen: dict[str, dict[str, datetime]] | None = None
        self._written: dict[tuple[str, str], datetime] = {}

    async def are_there(self, stream: str, groups: Collection[str], at: datetime) -> bool:
        """Whether every group that read `stream` lately is one of `groups`, those of now.

        Raises:
            Defer: the database cannot be used now.
        """
        if self._seen is None:
            self._seen = await self._remembered()
        seen = self._seen.setdefault(stream, {})
        seen.update(dict.fromkeys(groups, at))
        gone = [name for name, moment in seen.items() if moment < at - GONE_AFTER]
        for name in gone:
            del seen[name]
        late = [name for name in groups if self._is_late(stream, name, at)]
        if gone or late:
            await self._database.run(lambda work: self._write(stream, late, gone, at, work), quiet=True)
            self._written.update(dict.fromkeys(((stream, name) for name in late), at))
        return seen.keys() == set(groups)

    async def had_any(self, stream: str) -> bool:
        """Whether somebody has read this stream lately.

        Raises:
            Defer: the database cannot be used now.
        """
        if self._seen is None:
            self._seen = await self._remembered()
        return bool(self._seen.get(stream))

    def _is_late(self, stream: str, name: str, at: datetime) -> bool:
        written = self._written.get((stream, name))
        return written is None or written < at - WRITE_EVERY

    async def _remembered(self) -> dict[str, dict[str, datetime]]:
        table = self._table.c
        rows = await self._database.look(
            lambda session: session.execute(select(table.stream, table.name, table.seen_at)).all()
        )
        found: dict[str, dict[str, datetime]] = {}
        for stream, name, seen_at in rows:
            found.setdefault(stream, {})[name] = seen_at
        return found

    def _write(self, stream: str, late: Collection[str], gone: Collection[str], at: datetime, work: Work) -> None:
        table, connection = self._table, work.session.connection()
        connection.execute(table.delete().where(table.c.stream == stream, table.c.name.in_([*late, *gone])))
        if late:
            connection.execute(table.insert(), [{"stream": stream, "name": name, "seen_at": at} for name in late])

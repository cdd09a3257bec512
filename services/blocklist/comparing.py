"""Comparing the gateway's hashes with the database, page by page: no pass over a large book holds it in memory."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlmodel import Session, col

from services.blocklist.finding import COLUMNS, PAGE, page
from services.blocklist.gateway import Gateway
from services.blocklist.rules.fields import HASHES, Place, Standing, places, value_of
from services.blocklist.tables import Entry, active
from shared.rows import IN_MAX
from shared.work import Database, chunks

#: The hash whose fields tell no value; it is compared as a whole, and only up to so many fields.
UNREADABLE, UNREADABLE_MAX = "map:urlsha256", 200_000


class Comparison:
    """A walk along both sides that goes on where it stopped, and begins anew at the end."""

    def __init__(self, database: Database, gateway: Gateway) -> None:
        self._database = database
        self._gateway = gateway
        self._after = ""
        self._hash, self._cursor = 0, 0

    async def fill(self) -> int:
        """Put every entry that is not there as it should be; how many fields that were.

        Raises:
            Defer: Redis or the database cannot be used now.
        """
        self._after = ""
        put = await self._put_page()
        while self._after:
            put += await self._put_page()
        return put

    async def go(self, pages: int) -> tuple[int, int]:
        """Compare up to so many pages of either side; how many fields were put, and dropped.

        Raises:
            Defer: Redis or the database cannot be used now.
        """
        put = dropped = 0
        for _ in range(pages):
            put += await self._put_page()
            if not self._after:
                break
        for _ in range(pages + len(HASHES)):
            dropped += await self._drop_page()
            if not self._hash and not self._cursor:
                break
        return put, dropped

    async def _put_page(self) -> int:
        after = self._after
        entries = await self._database.look(lambda session: page(session, after))
        self._after = entries[-1].block_id if len(entries) == PAGE else ""
        wanted = {place: content for entry in entries for place, content in places(entry=entry).items()}
        there = await self._gateway.contents(list(wanted))
        put = {place: content for place, content in wanted.items() if there[place] != content.encode()}
        await self._gateway.write(put, ())
        return len(put)

    async def _drop_page(self) -> int:
        name = HASHES[self._hash]
        self._cursor, fields = await self._gateway.fields(name, self._cursor, PAGE)
        stale: list[str] = []
        if name != UNREADABLE:
            stale = await self._database.look(lambda session: _stale(session, name, fields))
        elif fields and await self._gateway.size(name) <= UNREADABLE_MAX:
            stale = await self._database.look(lambda session: _stale_pages(session, fields))
        await self._gateway.write({}, [(name, field) for field in stale])
        if not self._cursor:
            self._hash = (self._hash + 1) % len(HASHES)
        return len(stale)


def _stale(session: Session, name: str, fields: Iterable[str]) -> list[str]:
    """The fields of a hash that no entry accounts for."""
    values = {field: value_of(name=name, field=field) for field in fields}
    known: set[Place] = set()
    for some in chunks(sorted({value for value in values.values() if _is_text(value)}), IN_MAX):
        query = select(*COLUMNS).where(active(), col(Entry.value).in_(some))
        for row in session.execute(query):
            known.update(places(entry=Standing(*row)))
    return [field for field in values if (name, field) not in known]


def _stale_pages(session: Session, fields: Mapping[str, None]) -> list[str]:
    known: set[Place] = set()
    query = select(*COLUMNS).where(active(), col(Entry.kind) == "url", col(Entry.value).contains("/"))
    for row in session.execute(query.execution_options(yield_per=PAGE)):
        known.update(places(entry=Standing(*row)))
    return [field for field in fields if (UNREADABLE, field) not in known]


def _is_text(value: str) -> bool:
    """Whether a database takes it: a field that others wrote may hold any bytes."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)

"""Comparing the gateway's hashes with the database, page by page: no pass over a large book holds it in memory."""

import asyncio
from collections.abc import Mapping

from sqlalchemy import select
from sqlmodel import Session, col

from services.blocklist.finding import COLUMNS, page
from services.blocklist.gateway import Gateway
from services.blocklist.rules.fields import GATEWAY, HASHES, Place, Standing, places, value_of
from services.blocklist.rules.forms import is_text
from services.blocklist.tables import Entry, active
from shared.rows import IN_MAX
from shared.work import Database, chunks

#: Entries, or fields, of one page: what is done about one between two answers to mail servers takes less than a millisecond.
PAGE = 100

#: Pages of either side that are compared at a time, when there are so many.
PAGES = 10

#: A book with more pages is compared in so many times: the larger it is, the more at a time.
TURNS = 1_200

#: Between two pages, in seconds: mails come first.
REST_S = 0.01

#: The hash whose fields tell no value; what they say tells an id.
HASHED = "map:urlsha256"


class Comparison:
    """A walk along both sides that goes on where it stopped, and begins anew at the end. Who writes there otherwise holds `writing`."""

    def __init__(self, database: Database, gateway: Gateway, writing: asyncio.Lock) -> None:
        self._database = database
        self._gateway = gateway
        self._writing = writing
        self._after = ""
        self._hash, self._cursor = 0, 0

    async def fill(self) -> int:
        """Put every entry that is not there as it should be; how many fields that were. The caller holds `writing`.

        Raises:
            Defer: Redis or the database cannot be used now.
        """
        self._after = ""
        put = await self._put_page()
        while self._after:
            put += await self._put_page()
        return put

    async def go(self) -> tuple[int, int]:
        """Compare some pages of either side: one of `TURNS` parts, of a small book all; how many fields were put, and dropped.

        Raises:
            Defer: Redis or the database cannot be used now.
        """
        sizes = await self._gateway.sizes()
        puts, drops = _share(sizes[GATEWAY] // PAGE + 1), _share(sum(size // PAGE + 1 for size in sizes.values()))
        put = dropped = 0
        for number in range(max(puts, drops)):
            async with self._writing:
                put += await self._put_page() if number < puts else 0
                dropped += await self._drop_page() if number < drops else 0
            await asyncio.sleep(REST_S)
        return put, dropped

    async def _put_page(self) -> int:
        after = self._after
        self._after, wanted = await self._database.look(lambda session: _wanted(session, after))
        there = await self._gateway.contents(list(wanted))
        put = {place: content for place, content in wanted.items() if there[place] != content.encode()}
        await self._gateway.write(put, ())
        return len(put)

    async def _drop_page(self) -> int:
        name = HASHES[self._hash]
        self._cursor, fields = await self._gateway.fields(name, self._cursor, PAGE)
        stale = await self._database.look(lambda session: _stale(session, name, fields))
        await self._gateway.write({}, [(name, field) for field in stale])
        if not self._cursor:
            self._hash = (self._hash + 1) % len(HASHES)
        return len(stale)


def _share(pages: int) -> int:
    """How many of these pages are compared at a time."""
    return min(pages, max(PAGES, -(-pages // TURNS)))


def _wanted(session: Session, after: str) -> tuple[str, dict[Place, str]]:
    """Where the next page begins, empty after the last one; and what the gateway should say of this one's entries."""
    entries = page(session, after, PAGE)
    wanted = {place: content for entry in entries for place, content in places(entry=entry).items()}
    return entries[-1].block_id if len(entries) == PAGE else "", wanted


def _stale(session: Session, name: str, fields: Mapping[str, str]) -> list[str]:
    """The fields of a hash that no entry accounts for."""
    column = Entry.block_id if name == HASHED else Entry.value
    tells = [
        said.rpartition(" ")[2] if name == HASHED else value_of(name=name, field=one) for one, said in fields.items()
    ]
    known: set[Place] = set()
    for some in chunks(sorted(set(filter(is_text, tells))), IN_MAX):
        for row in session.execute(select(*COLUMNS).where(active(), col(column).in_(some))):
            known.update(places(entry=Standing(*row)))
    return [field for field in fields if (name, field) not in known]

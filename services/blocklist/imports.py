"""Taking in a list: every line is read and checked before the first entry is made, so that it is all or nothing.

The checked lines wait in a file; entries are then made some thousand at a time, so that no transaction holds up the verdicts that
come meanwhile. When one fails, or the process ends in the middle, what the import has made is removed again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import col, select

from services.blocklist.checking import Checker, Outcome, Wanted
from services.blocklist.entries import ENTRIES_MAX, PEOPLE, count_standing, named_fields
from services.blocklist.leaving import claim, ended_by_people, let_go
from services.blocklist.reading import Reading
from services.blocklist.rules.guards import Ours
from services.blocklist.staging import Checked, Staged
from services.blocklist.tables import Claim, Entry, active
from services.blocklist.unfinished import begin, finish, go_on, take_back
from shared.bulk import Bulk
from shared.errors import Reject
from shared.events import BlockCreated, BlockImported, BlockOrigin
from shared.run import Room
from shared.work import Work, now

#: Entries that are made in one transaction.
STEP = 2_000

#: Up to so many entries each is told as `block.created`; of larger imports only `block.imported` tells.
TOLD_MAX = 1_000

#: What each entry has of its own, and what all of one step share; every column, for statements of many rows take no defaults.
_OWN = ("block_id", "kind", "value", "action", "scope", "expires_at", "idle_days", "note")
_SHARED: dict[str, Any] = {name: field.get_default() for name, field in Entry.model_fields.items() if name not in _OWN}
_NAMES = (*_OWN, *_SHARED)
_ENTRIES = Bulk(insert(Entry).inline(), _NAMES)
_CLAIMS = Bulk(insert(Claim).inline(), ("block_id", "claimant"))


class Importer:
    """Takes lists in, one at a time."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._ours: Ours = room.settings.ours()
        self._one_at_a_time = asyncio.Lock()

    async def take(self, pieces: AsyncIterator[bytes], wanted: Wanted) -> Outcome:
        """Read, check and make.

        Raises:
            Reject: the import as a whole cannot be: its expiry or scope is wrong, or the document is too large.
            Defer: the database or the disk cannot be written now.
        """
        async with self._one_at_a_time, Staged() as staged:
            outcome, began = Outcome(str(uuid4())), now()
            check, reading = Checker(wanted, self._ours, outcome, began), Reading(wanted.format)
            async for piece in pieces:
                await staged.add(check.good(reading.lines(piece)))
            await staged.add(check.good(reading.last()))
            if wanted.dry_run or (outcome.fault_count and not wanted.skip_bad):
                return outcome
            await self._make(staged, wanted, outcome, began)
            if wanted.claimant != PEOPLE and outcome.lines:
                outcome.ended = await let_go(self._database, staged, wanted.claimant)
            return outcome

    async def _make(self, staged: Staged, wanted: Wanted, outcome: Outcome, began: datetime) -> None:
        room = ENTRIES_MAX - await self._database.look(count_standing)
        making = Making(outcome.import_id, wanted, began, room=room, is_told=outcome.lines <= TOLD_MAX)
        await self._database.run(lambda work: begin(outcome.import_id, work), quiet=True)
        try:
            while some := await staged.next(STEP):
                made = await self._database.run(lambda work: making.make(some, work))
                outcome.made += made
                outcome.known += len(some) - made
            await self._database.run(lambda work: making.finish(outcome.made, work))
        except BaseException:
            await take_back(self._database, outcome.import_id)
            raise


class Making:
    """Makes the entries of one import, step by step."""

    def __init__(self, import_id: str, wanted: Wanted, began: datetime, *, room: int, is_told: bool) -> None:
        self._import_id = import_id
        self._wanted = wanted
        self._began = began
        self._room = room
        self._is_told = is_told
        self._count = 0

    def make(self, rows: Sequence[Checked], work: Work) -> int:
        """Make the entries that do not stand yet; how many there were.

        Raises:
            Reject: more would stand than may.
            Defer: the import stood still for too long, and is being taken back.
        """
        go_on(self._import_id, work)
        standing = select(Entry.scope, Entry.kind, Entry.value).where(
            active(), col(Entry.value).in_({row.value for row in rows})
        )
        known = set(work.session.exec(standing).all())
        if self._wanted.claimant != PEOPLE:
            claim(rows, self._wanted, work)
            known |= ended_by_people(rows, work)
        fresh: dict[tuple[str, str, str], Checked] = {}
        for row in rows:
            if row.key not in known:
                fresh.setdefault(row.key, row)
        made = self.entries(fresh.values(), work.at)
        if self._count > self._room:
            raise Reject(f"{ENTRIES_MAX} entries may stand at once: remove or let expire some first")
        if made:
            connection = work.session.connection()
            _ENTRIES.run(connection, made)
            _CLAIMS.run(connection, [(block_id, self._wanted.claimant) for block_id, *_ in made])
        for one in made if self._is_told else ():
            work.emit(_told(Entry(**dict(zip(_NAMES, one, strict=True)))))
        return len(made)

    def finish(self, made: int, work: Work) -> None:
        """Say that a list was taken in.

        Raises:
            Defer: as for a step.
        """
        finish(self._import_id, work)
        if made:
            wanted = self._wanted
            event = BlockImported(
                import_id=self._import_id, entry_count=made, format=wanted.format, by=wanted.by, note=wanted.note
            )
            work.emit(event)

    def entries(self, rows: Iterable[Checked], at: datetime) -> list[tuple[Any, ...]]:
        """The entries as tuples of `_NAMES`."""
        own = {"import_id": self._import_id, "created_at": at, "changed_at": at, "by": self._wanted.by}
        shared = tuple({**_SHARED, **own}.values())
        ends = {text: text and datetime.fromisoformat(text) for text in {row.expires_at for row in rows}}
        made = []
        for number, row in enumerate(rows, self._count):
            kind, value, action, scope, expires_at, idle_days, note = row
            block_id = _counted_id(self._began, number, self._import_id)
            made.append((block_id, kind, value, action, scope, ends[expires_at], idle_days, note, *shared))
        self._count += len(made)
        return made


def _counted_id(began: datetime, number: int, import_id: str) -> str:
    """An id that sorts by when an import began and by its count, as UUIDs of version 7 do (RFC 9562, sections 5.7 and 6.2).

    48 bits are milliseconds since 1970, 26 count, and the last 48 are the import's own.
    """
    ms = int(began.timestamp() * 1_000)
    return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{number >> 14:03x}-{0x8000 | number & 0x3FFF:04x}-{import_id[-12:]}"


def _told(entry: Entry) -> BlockCreated:
    origin = BlockOrigin(by=entry.by, note=entry.note)
    return BlockCreated(**named_fields(entry), expires_at=entry.expires_at, idle_days=entry.idle_days, origin=origin)

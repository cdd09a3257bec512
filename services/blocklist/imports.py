"""Taking in a list: every line is read and checked before the first entry is made, so that it is all or nothing.

The checked lines wait in a file; entries are then made some thousand at a time, so that no transaction holds up the verdicts that
come meanwhile. When one fails, what the import has made is removed again.
"""

import asyncio
import codecs
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from typing import IO, Any
from uuid import uuid4

from pydantic_core import from_json
from sqlalchemy import delete, insert
from sqlmodel import col, select

from services.blocklist.checking import Checker, Outcome, Wanted
from services.blocklist.entries import ENTRIES_MAX, PEOPLE, count_standing, named_fields
from services.blocklist.leaving import claim, ended_by_people, let_go
from services.blocklist.rules.guards import Ours
from services.blocklist.rules.lists_in import BY_LINE, Fault, Format, Line, LineReader, read_document
from services.blocklist.tables import Claim, Entry, active
from shared.bulk import Bulk
from shared.errors import Reject
from shared.events import BlockCreated, BlockImported, BlockOrigin, fact_id
from shared.run import Room
from shared.work import Work, now

#: Lines that are checked, and entries that are made, in one go.
STEP = 2_000

#: Largest document of the formats that are read as a whole, in characters.
DOCUMENT_MAX = 64 * 1024 * 1024

#: Up to so many entries each is told as `block.created`; of larger imports only `block.imported` tells.
TOLD_MAX = 1_000


#: An entry before anything is said of it; every column, for statements of many rows take no defaults.
_PLAIN: dict[str, Any] = {name: field.get_default() for name, field in Entry.model_fields.items()}
_ENTRIES = Bulk(insert(Entry).inline(), tuple(_PLAIN))
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
        """
        async with self._one_at_a_time:
            outcome = Outcome(str(uuid4()))
            check = Checker(wanted, self._ours, outcome, now())
            with tempfile.TemporaryFile("w+", encoding="utf-8") as checked:
                async for lines in _lines(pieces, wanted.format):
                    await asyncio.to_thread(check.write, lines, checked)
                if outcome.fault_count and not wanted.skip_bad:
                    return outcome
                if not wanted.dry_run:
                    checked.seek(0)
                    await self._make(checked, wanted, outcome)
                    if wanted.claimant != PEOPLE and outcome.lines:
                        checked.seek(0)
                        outcome.ended = await let_go(self._database, checked, wanted.claimant)
            return outcome

    async def _make(self, checked: IO[str], wanted: Wanted, outcome: Outcome) -> None:
        if await self._database.look(count_standing) + outcome.lines > ENTRIES_MAX:
            raise Reject(f"{ENTRIES_MAX} entries may stand at once: remove or let expire some first")
        is_told = outcome.lines <= TOLD_MAX
        try:
            while some := [from_json(line) for line in islice(checked, STEP)]:
                made = await self._database.run(lambda work: make(some, outcome.import_id, wanted, is_told, work))
                outcome.made += made
                outcome.known += len(some) - made
        except BaseException:
            await self._database.run(lambda work: _unmake(outcome.import_id, work))
            raise
        if outcome.made:
            event = BlockImported(
                import_id=outcome.import_id,
                entry_count=outcome.made,
                format=wanted.format,
                by=wanted.by,
                note=wanted.note,
            )
            await self._database.run(lambda work: work.emit(event))


def make(rows: list[dict[str, Any]], import_id: str, wanted: Wanted, is_told: bool, work: Work) -> int:
    """Make the entries that do not stand yet; how many there were."""
    standing = select(Entry.scope, Entry.kind, Entry.value).where(
        active(), col(Entry.value).in_([row["value"] for row in rows])
    )
    known = set(work.session.exec(standing).all())
    if wanted.claimant != PEOPLE:
        claim(rows, wanted, work)
        known |= ended_by_people(rows, work)
    fresh: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["scope"], row["kind"], row["value"])
        if key not in known:
            fresh.setdefault(key, row)
    made = [_entry(row, import_id, wanted, work.at) for row in fresh.values()]
    if made:
        connection = work.session.connection()
        _ENTRIES.run(connection, [tuple(one.values()) for one in made])
        _CLAIMS.run(connection, [(one["block_id"], wanted.claimant) for one in made])
    for one in made if is_told else ():
        work.emit(_told(Entry(**one)))
    return len(made)


def _entry(row: dict[str, Any], import_id: str, wanted: Wanted, at: datetime) -> dict[str, Any]:
    ends = row["expires_at"]
    return {
        **_PLAIN,
        **row,
        "block_id": fact_id("block", import_id, row["scope"], row["kind"], row["value"]),
        "expires_at": datetime.fromisoformat(ends) if ends else None,
        "import_id": import_id,
        "created_at": at,
        "changed_at": at,
        "by": wanted.by,
    }


def _told(entry: Entry) -> BlockCreated:
    origin = BlockOrigin(by=entry.by, note=entry.note)
    return BlockCreated(**named_fields(entry), expires_at=entry.expires_at, idle_days=entry.idle_days, origin=origin)


def _unmake(import_id: str, work: Work) -> None:
    mine = select(Entry.block_id).where(Entry.import_id == import_id)
    work.session.connection().execute(delete(Claim).where(col(Claim.block_id).in_(mine)))
    for entry in work.session.exec(select(Entry).where(Entry.import_id == import_id)):
        entry.status, entry.ended_by, entry.changed_at = "removed", "import", work.at
        entry.generation += 1


async def _lines(pieces: AsyncIterator[bytes], kind: Format) -> AsyncIterator[list[Line | Fault]]:
    """The lines of a file as it comes, some at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    reader, rest = LineReader(kind), ""
    async for piece in pieces:
        rest += decoder.decode(piece)
        if kind not in BY_LINE:
            if len(rest) > DOCUMENT_MAX:
                raise Reject(f"the document is larger than {DOCUMENT_MAX} characters: split it, or use jsonl")
            continue
        *whole, rest = rest.split("\n")
        if len(rest) > DOCUMENT_MAX:
            raise Reject("a line without an end is no list")
        for some in _some(whole, reader):
            yield some
    if kind in BY_LINE:
        for some in _some([rest], reader):
            yield some
    else:
        found = read_document(kind, rest)
        while batch := list(islice(found, STEP)):
            yield batch


def _some(texts: list[str], reader: LineReader) -> Iterator[list[Line | Fault]]:
    for start in range(0, len(texts), STEP):
        yield [line for text in texts[start : start + STEP] if (line := reader.read(text)) is not None]

"""The audit: who did what, in a chain that shows when an entry was changed, taken out or put in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any

from sqlmodel import Session, col, select

from services.console.access.tables import Entry
from services.console.rules.access import NO_ENTRY, Person, chained
from shared.work import Database, Work

#: Entries of one look when the chain is verified.
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of verifying: `broken_at` is the first entry that does not fit, 0 when all do."""

    entries: int
    head: str
    broken_at: int
    has_noted: bool


class Audit:
    """Appends and verifies. An act is written down before it is done: what is not here was not asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, person: Person, act: str, about: str = "", **detail: Any) -> None:
        """Write down that somebody does something. `detail` holds ids and words of people who act, nothing of a mail.

        Raises:
            Defer: it cannot be written now, so the act must not be done.
        """
        await self._database.run(lambda work: append(person, act, about, detail, work), quiet=True)

    async def verify(self, noted: str = "") -> Proof:
        """Follow the chain from its beginning; `noted` is a hash that was seen as its head once and must still be in it."""
        entries, head, found = 0, NO_ENTRY, not noted or noted == NO_ENTRY
        while page := await self._database.look(partial(_after, entries)):
            for entry in page:
                entries += 1
                if entry.seq != entries or entry.previous != head or entry.hash != hash_of(entry):
                    return Proof(entries, head, entries, found)
                head = entry.hash
                found = found or head == noted
        return Proof(entries, head, 0, found)

    async def newest(self, limit: int, before: int = 0, **where: str) -> list[Entry]:
        """The newest entries before a number."""
        return await self._database.look(lambda session: _newest(session, limit, before, where))


def append(person: Person, act: str, about: str, detail: dict[str, Any], work: Work) -> None:
    """Add an entry in a transaction; of one service one writes at a time, so that the chain has no forks."""
    last = work.session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).first()
    entry = Entry(
        seq=last.seq + 1 if last else 1,
        at=work.at,
        name=person.name,
        role=person.role,
        via=person.via,
        address=person.address,
        act=act,
        about=about[:300],
        detail={name: value for name, value in detail.items() if value not in (None, "", [], ())},
        previous=last.hash if last else NO_ENTRY,
        hash="",
    )
    entry.hash = hash_of(entry)
    work.session.add(entry)


def hash_of(entry: Entry) -> str:
    """What the entry's hash must be."""
    told = entry.model_dump(exclude={"hash", "previous", "at"})
    return chained(entry.previous, {**told, "at": entry.at.astimezone(UTC).isoformat()})


def _after(seq: int, session: Session) -> list[Entry]:
    return list(session.exec(select(Entry).where(col(Entry.seq) > seq).order_by(col(Entry.seq)).limit(PAGE)))


def _newest(session: Session, limit: int, before: int, where: dict[str, str]) -> list[Entry]:
    query = select(Entry).order_by(col(Entry.seq).desc()).limit(limit)
    if before:
        query = query.where(col(Entry.seq) < before)
    for name, value in where.items():
        if value:
            query = query.where(getattr(Entry, name) == value)
    return list(session.exec(query))


def rows_of(entries: list[Entry]) -> Iterator[dict[str, Any]]:
    """Entries as the API tells them."""
    return (entry.model_dump(mode="json") for entry in entries)

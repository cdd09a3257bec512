"""What stood of a value before, and taking the last change of an entry back."""

from http import HTTPStatus
from typing import Annotated, Any, cast
from uuid import uuid4

from pydantic import Field
from sqlmodel import Session, col, or_, select

from services.blocklist.entries import Book, Wish, end
from services.blocklist.finding import forms_of, view
from services.blocklist.rules.terms import LIFETIME
from services.blocklist.tables import Entry
from shared.events import BlockOrigin, rfc3339
from shared.events.vocabulary import BlockAction, BlockKind
from shared.run import Room
from shared.web import Problem
from shared.work import Work

#: Entries of one value that are told, the newest first.
TOLD_MAX = 200


class HistoryDoor:
    """The routes."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._book = Book(room.settings)

    async def history(self, value: Annotated[str, Field(max_length=8_192)]) -> dict[str, Any]:
        """Every entry that stood or stands of a value (or of an entry's id), the newest first: who made and ended it, and its hits."""
        found = await self._database.look(lambda session: _of(session, value))
        return {"entries": [told(entry) for entry in found]}

    async def undo(self, block_id: str, by: str = "api") -> dict[str, Any]:
        """Take the last change of an entry back: one that works is removed, one that ended stands again under a new id."""

        def write(work: Work) -> dict[str, Any]:
            entry = work.session.get(Entry, block_id)
            if entry is None:
                raise Problem(HTTPStatus.NOT_FOUND, "there is no such entry", "the history of its value tells the ids")
            if entry.status == "active":
                end(entry, work, by=by)
                return {"undone": "made", **told(entry)}
            return {"undone": entry.status, **told(self._book.add(_again(entry, by, work), work))}

        return await self._database.run(write)


def told(entry: Entry) -> dict[str, Any]:
    """An entry with how it ended."""
    is_over = entry.status != "active"
    return {**view(entry), "ended_at": rfc3339(entry.changed_at) if is_over else None, "ended_by": entry.ended_by}


def _of(session: Session, value: str) -> list[Entry]:
    named = or_(
        Entry.block_id == value,
        *((col(Entry.kind) == kind) & (col(Entry.value) == form) for kind, form in forms_of(value)),
    )
    query = select(Entry).where(named).order_by(col(Entry.created_at).desc(), col(Entry.block_id)).limit(TOLD_MAX)
    return list(session.exec(query))


def _again(entry: Entry, by: str, work: Work) -> Wish:
    """The wish for what an ended entry was, until it would have ended, or as long as entries stand when that is over."""
    ends = entry.expires_at
    return Wish(
        kind=cast("BlockKind", entry.kind),
        value=entry.value,
        action=cast("BlockAction", entry.action),
        scope=entry.scope,
        expires_at=ends if ends is None or ends > work.at else work.at + LIFETIME,
        origin=BlockOrigin(by=by, case_id=entry.case_id, submission_id=entry.submission_id, note=entry.note),
        cause=str(uuid4()),
        idle_days=entry.idle_days,
    )

"""Looking through held mail: by what is known of it and by words, newest first, page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, select

from services.digest import text_index
from services.digest.rules.terms import canonical, cursor, first_place, read_cursor
from services.digest.tables import Copy, Held
from shared.events.vocabulary import QuarantineReason, QuarantineStatus

Row = tuple[Copy, Held]

#: The highest place there is.
TOP = 2**63 - 1


class Search(BaseModel):
    """What is looked for; what is empty is not asked. A time without a zone is UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default="", max_length=64, description="how the mail's id begins")
    recipient: str = Field(default="", max_length=320)
    sender: str = Field(default="", max_length=320, description="an address, or a domain")
    subject: str = Field(default="", max_length=320, description="words of the subject, or their beginnings")
    text: str = Field(default="", max_length=320, description="words of any field, or their beginnings")
    reason: QuarantineReason | None = None
    status: QuarantineStatus | None = None
    policy: str = Field(default="", max_length=100)
    since: datetime | None = None
    until: datetime | None = None
    overdue: bool = Field(default=False, description="only what an operator should have answered by now")
    after: str = Field(default="", max_length=1000, description="`next` of the page before")
    limit: int = Field(default=100, ge=1, le=500)

    @field_validator("since", "until")
    @classmethod
    def _aware(cls, moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next page begins; empty: there is none."""

    rows: list[Row]
    next: str = ""


def search(session: Session, asked: Search, at: datetime) -> Page:
    """One page.

    Raises:
        ValueError: its cursor is none of ours.
    """
    place, recipient = read_cursor(asked.after) if asked.after else (TOP, "")
    upto = min(place, first_place(asked.until) - 1) if asked.until else place
    least = first_place(asked.since) if asked.since else 0
    known = _conditions(asked, at)
    within = [col(Copy.place) >= least, col(Copy.place) <= upto]
    if asked.after:
        within.append(tuple_(col(Copy.place), col(Copy.recipient)) < tuple_(place, recipient))
    if asked.text or asked.subject:
        wanted = text_index.asked_for(session, anywhere=asked.text, subject=asked.subject)
        if known:
            known.append(text_index.among(session, wanted, col(Copy.place)))
        else:  # the newest mails that have the words, and the one in whose midst the page begins
            places = text_index.find(session, wanted, least=least, upto=upto, count=asked.limit + 2)
            known.append(col(Copy.place).in_(places))
    return _page(_copies(session, [*known, *within], asked.limit + 1), session, asked.limit)


def _conditions(asked: Search, at: datetime) -> list[ColumnElement[bool]]:
    found = [
        column == value
        for column, value in (
            (col(Copy.recipient), canonical(asked.recipient)),
            (col(Copy.reason), asked.reason),
            (col(Copy.status), asked.status),
            (col(Copy.policy), asked.policy),
        )
        if value
    ]
    if sender := asked.sender.strip().lower():
        found.append(col(Copy.sender) == sender if "@" in sender[1:] else col(Copy.sender_domain) == sender.lstrip("@"))
    if asked.id:
        found.append(col(Copy.held_id).startswith(asked.id, autoescape=True))
    if asked.overdue:
        found.append(col(Copy.due_at) < at)
    return found


def _copies(session: Session, where: list[ColumnElement[bool]], limit: int) -> list[Copy]:
    order = (col(Copy.place).desc(), col(Copy.recipient).desc())
    return list(session.exec(select(Copy).where(*where).order_by(*order).limit(limit)))


def _page(copies: list[Copy], session: Session, limit: int) -> Page:
    shown = copies[:limit]
    more = len(copies) > limit
    return Page(_with_mails(session, shown), cursor(shown[-1].place, shown[-1].recipient) if more else "")


def _with_mails(session: Session, copies: list[Copy]) -> list[Row]:
    ids = list({copy.held_id for copy in copies})
    mails = {held.held_id: held for held in session.exec(select(Held).where(col(Held.held_id).in_(ids)))}
    return [(copy, mails[copy.held_id]) for copy in copies if copy.held_id in mails]

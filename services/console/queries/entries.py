"""Entries, copies of held mail and verdicts, as their pages list them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from services.console.queries.finding import matches, refs
from services.console.rules.cursor import read_cursor, write_cursor
from services.console.tables import Block, Copy, Held, HeldText, Row, Verdict

PAGE = 50

BLOCK_VIEWS = {"active": "Active", "expiring": "Ending soon", "refused": "Refused", "ended": "Ended", "all": "All"}
COPY_VIEWS = {
    "asked": "Asked for",
    "held": "Held",
    "released": "Released",
    "denied": "Denied",
    "failed": "Release fails",
    "all": "All",
}
EXPIRING = timedelta(days=7)

#: Copies of the mails of one page of a search that are shown.
FOUND_MAX = 2_000

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Paged:
    """Which rows: a view, a search, a kind or category, and the cursor of the page before."""

    view: str = ""
    query: str = ""
    kind: str = ""
    before: str = ""


def newest_where(
    session: Session, kind: type[R], where: list[Any], before: str, limit: int = PAGE
) -> tuple[list[R], str]:
    """Rows by a condition, the newest first, and the cursor of the next page.

    Raises:
        ValueError: the cursor is none of ours.
    """
    rows = select(kind).where(*where).order_by(col(kind.at).desc(), col(kind.id).desc()).limit(limit)
    if before:
        at, key = read_cursor(before)
        rows = rows.where(or_(col(kind.at) < at, and_(col(kind.at) == at, col(kind.id) < key)))
    found = list(session.exec(rows))
    return found, write_cursor(found[-1].at, found[-1].id) if len(found) == limit else ""


def blocks(session: Session, wanted: Paged, at: datetime) -> tuple[list[Block], str]:
    """Entries; a search is for the beginning of a value.

    Raises:
        ValueError: the cursor is none of ours.
    """
    where: list[Any] = [Block.kind == wanted.kind] if wanted.kind else []
    if wanted.view == "expiring":
        soon = col(Block.expires_at).between(at, at + EXPIRING)
        rows = (
            select(Block).where(Block.status == "active", soon, *where).order_by(col(Block.expires_at)).limit(PAGE * 4)
        )
        return list(session.exec(rows)), ""
    if wanted.view in ("active", "refused"):
        where.append(Block.status == wanted.view)
    if wanted.view == "ended":
        where.append(col(Block.status).in_(("removed", "expired")))
    if wanted.query:
        start = wanted.query.strip().lower()
        where.append(col(Block.value).between(start, start + "\U0010ffff"))
    return newest_where(session, Block, where, wanted.before)


def copies(session: Session, wanted: Paged) -> tuple[list[tuple[Copy, Held | None]], str]:
    """Copies with their mails, the newest first.

    Raises:
        ValueError: the cursor is none of ours.
    """
    status = {"asked": "release_requested", "failed": "release_failed"}.get(wanted.view, wanted.view)
    where: list[Any] = [] if status == "all" else [Copy.status == status]
    if wanted.query:
        rows, more = _copies_found(session, wanted, status)
    else:
        rows, more = newest_where(session, Copy, where, wanted.before)
    return with_mails(session, rows), more


def _copies_found(session: Session, wanted: Paged, status: str) -> tuple[list[Copy], str]:
    """Copies of matching mails, the mail that came last first. With a status in the query SQLite would read all that have it."""
    mails = matches(session, HeldText, wanted.query, wanted.before, PAGE)
    of_mail: dict[str, list[Copy]] = {ref: [] for _, ref in mails}
    rows = session.exec(select(Copy).where(col(Copy.held_id).in_(of_mail)).limit(FOUND_MAX))
    for row in sorted(rows, key=lambda copy: copy.id):
        if status in ("all", row.status):
            of_mail[row.held_id].append(row)
    return [row for some in of_mail.values() for row in some], mails[-1][0] if len(mails) == PAGE else ""


def with_mails(session: Session, rows: list[Copy]) -> list[tuple[Copy, Held | None]]:
    """Copies, each with its held mail."""
    mails = session.exec(select(Held).where(col(Held.id).in_({row.held_id for row in rows})))
    known = {mail.id: mail for mail in mails}
    return [(row, known.get(row.held_id)) for row in rows]


def verdicts(session: Session, wanted: Paged) -> tuple[list[Verdict], str]:
    """Verdicts, every version, the newest first.

    Raises:
        ValueError: the cursor is none of ours.
    """
    where = [Verdict.category == wanted.kind] if wanted.kind else []
    return newest_where(session, Verdict, where, wanted.before)


def same_mail_held(session: Session, mails: list[str]) -> list[tuple[Copy, Held | None]]:
    """Copies of these mails (by SHA-256) that were held for somebody."""
    found = [ref for mail in mails[:5] if mail for ref in refs(session, HeldText, mail, 50)]
    rows = select(Copy).where(col(Copy.held_id).in_(found)).limit(100)
    return with_mails(session, list(session.exec(rows)))

"""Counts, read from counters: what is on every page must not depend on how many rows there are."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from services.console.tables import Block, Case, Count

#: Rows are counted one by one up to this many; "more" is as good as a number then.
COUNTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Badges:
    """What waits for a person, on every page."""

    cases: int
    asked: int


def standing(session: Session, measure: str) -> dict[str, int]:
    """How many there are of each word now."""
    rows = select(Count.word, Count.n).where(Count.measure == measure, Count.day == "")
    return {word: max(n, 0) for word, n in session.exec(rows)}


def badges(session: Session) -> Badges:
    """The numbers beside the names of pages."""
    return Badges(standing(session, "case").get("wait", 0), standing(session, "copy").get("release_requested", 0))


def series(session: Session, measure: str, *, since: date, until: date) -> dict[str, list[int]]:
    """For each word a number a day, from `since` to `until`, both included."""
    days = (until - since).days + 1
    found: dict[str, list[int]] = defaultdict(lambda: [0] * days)
    rows = select(Count.day, Count.word, Count.n).where(
        Count.measure == measure, col(Count.day) >= since.isoformat(), col(Count.day) <= until.isoformat()
    )
    for day, word, n in session.exec(rows):
        found[word][(date.fromisoformat(day) - since).days] = n
    return dict(found)


def top(session: Session, measure: str, *, since: date, limit: int) -> list[tuple[str, int]]:
    """The words that are counted most since a day."""
    total = func.sum(Count.n)
    rows = (
        select(Count.word, total)
        .where(Count.measure == measure, col(Count.day) >= since.isoformat())
        .group_by(Count.word)
        .order_by(total.desc(), Count.word)
        .limit(limit)
    )
    return [(word, int(n)) for word, n in session.exec(rows) if n > 0]


def stats(session: Session, at: datetime) -> dict[str, Any]:
    """The counts at the head of the page: since midnight UTC, and what stands now."""
    today, case, copy = at.date(), standing(session, "case"), standing(session, "copy")
    reports = series(session, "report", since=today, until=today)
    verdicts = series(session, "verdict", since=today, until=today)
    return {
        "reports_today": sum(sum(days) for days in reports.values()),
        "verdicts_today": {word: days[0] for word, days in verdicts.items()},
        "active_blocks": standing(session, "block").get("active", 0),
        "held": copy.get("held", 0),
        "asked_for": copy.get("release_requested", 0),
        "to_review": case.get("wait", 0),
    }


def at_most(session: Session, *where: Any, kind: Any) -> int:
    """How many rows there are, up to `COUNTED_MAX`."""
    some = select(kind.id).where(*where).limit(COUNTED_MAX).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def overdue(session: Session, at: datetime) -> int:
    """Cases that a person should have looked at."""
    return at_most(session, Case.stage == "wait", col(Case.turn_at) < at, kind=Case)


def expiring(session: Session, at: datetime, days: int = 7) -> int:
    """Entries that end soon."""
    soon = col(Block.expires_at).between(at, at + timedelta(days=days))
    return at_most(session, Block.status == "active", soon, kind=Block)

"""The queue of cases: views, filters, and pages by cursor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from services.console.queries.finding import cases_found
from services.console.rules.cursor import read_cursor, write_cursor
from services.console.tables import Case

#: Cases of a page.
PAGE = 50

#: Views of the queue, and what they are called.
VIEWS = {
    "wait": "To decide",
    "mine": "Mine",
    "nobody": "Nobody's",
    "overdue": "Overdue",
    "work": "In analysis",
    "threats": "Threats",
    "done": "Done",
    "all": "All",
}

#: Views in which what is due first comes first; the newest comes first in the others.
BY_TURN = ("wait", "mine", "nobody", "overdue")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases. `me` is who asks."""

    view: str = "wait"
    query: str = ""
    verdict: str = ""
    priority: str = ""
    before: str = ""
    me: str = ""


def cases(session: Session, wanted: Wanted, at: datetime, limit: int = PAGE) -> tuple[list[Case], str]:
    """Cases, and the cursor of the next page.

    Raises:
        ValueError: the cursor is none of ours.
    """
    if wanted.query:
        return cases_found(session, wanted.query, wanted.before, fits=lambda case: _fits(case, wanted), limit=limit)
    by_turn = wanted.view in BY_TURN
    key = col(Case.turn_at) if by_turn else col(Case.at)
    order = (key, col(Case.id)) if by_turn else (key.desc(), col(Case.id).desc())
    rows = select(Case).where(*_where(wanted, at)).order_by(*order).limit(limit)
    if wanted.before:
        moment, last = read_cursor(wanted.before)
        beyond = (key > moment, col(Case.id) > last) if by_turn else (key < moment, col(Case.id) < last)
        rows = rows.where(or_(beyond[0], and_(key == moment, beyond[1])))
    some = list(session.exec(rows))
    if len(some) < limit:
        return some, ""
    return some, write_cursor(some[-1].turn_at if by_turn else some[-1].at, some[-1].id)


def _where(wanted: Wanted, at: datetime) -> list[Any]:
    views: dict[str, list[Any]] = {
        "wait": [Case.stage == "wait"],
        "mine": [Case.owner == wanted.me, Case.stage == "wait"],
        "nobody": [Case.owner == "", Case.stage == "wait"],
        "overdue": [Case.stage == "wait", col(Case.turn_at) < at],
        "work": [Case.stage == "work"],
        "threats": [col(Case.verdict_category).in_(("malware", "phishing")), Case.stage != "merged"],
        "done": [Case.stage == "done"],
    }
    where = views.get(wanted.view, [Case.stage != "merged"])
    if wanted.verdict:
        where.append(Case.verdict_category == ("" if wanted.verdict == "none" else wanted.verdict))
    if wanted.priority:
        where.append(Case.priority == wanted.priority)
    return where


def _fits(case: Case, wanted: Wanted) -> bool:
    verdict = "" if wanted.verdict == "none" else wanted.verdict
    return (
        case.stage != "merged"
        and (not wanted.verdict or case.verdict_category == verdict)
        and (not wanted.priority or case.priority == wanted.priority)
    )

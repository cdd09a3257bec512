"""Finding reports and held mails by words, the newest first."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import literal, text
from sqlmodel import Session, col, select

from services.console.rules.mail import is_hit
from services.console.rules.search import fts5, likes, terms_of, tsquery
from services.console.tables import Case, Held, HeldText, Report, ReportText

#: Matches that are looked at for one page, the newest first.
FOUND_MAX = 300

#: Reports whose cases are looked up at once: a page is often full after the first of them.
AT_ONCE = 75

#: Mails that a preview of an entry looks at.
PREVIEW_MAX = 500

#: What the place of a search ends with whose last words may be beginnings; numbers of rows are below the other.
LOOSE, NUMBER_MAX = "~", 2**31 - 1

#: The shortest beginning of an id that is looked for as one.
ID_MIN = 6

K = TypeVar("K", ReportText, HeldText)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, below which number; `whole`: no address and no host is only a beginning."""

    terms: list[list[str]]
    limit: int
    below: int = NUMBER_MAX
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Met:
    """What an entry would have met; `is_cut`: more mails name its value than were looked at."""

    reports: list[Report]
    held: list[Held]
    is_cut: bool


def refs(session: Session, kind: type[K], query: str, limit: int = FOUND_MAX) -> list[str]:
    """The ids of what has these words as they stand, the newest first; nothing when the query has no words."""
    terms = terms_of(query)
    return [ref for _, ref in _numbered(session, kind, Search(terms, limit))] if terms else []


def matches(
    session: Session, kind: type[K], query: str, before: str = "", limit: int = FOUND_MAX
) -> list[tuple[str, str]]:
    """Place and id of what matches, the newest first, beyond the place of the page before.

    An address or a host is looked for as it stands; only when nothing has it, its last word may be a beginning. To merge
    all words that begin with `example` or `com` takes a hundred times as long, and finds the neighbours, too.

    Raises:
        ValueError: the place is none of ours.
    """
    terms, below = terms_of(query), _below(before) if before else NUMBER_MAX
    ways = [not before.endswith(LOOSE)] if before else [True, False]
    if all(len(phrase) == 1 for phrase in terms):
        ways = ways[:1]  # the same words both ways
    for whole in ways if terms else ():
        if found := _numbered(session, kind, Search(terms, limit, below, whole=whole)):
            return [(f"{number}{'' if whole else LOOSE}", ref) for number, ref in found]
    return []


def _below(place: str) -> int:
    number = place.removesuffix(LOOSE)
    if not (number.isascii() and number.isdecimal() and int(number) <= NUMBER_MAX):
        raise ValueError("before is no cursor: use next of the page before")
    return int(number)


def _numbered(session: Session, kind: type[K], search: Search) -> list[tuple[int, str]]:
    name = str(kind.__tablename__)
    if session.get_bind().dialect.name == "sqlite":
        matching = f"SELECT rowid FROM {name}_fts WHERE {name}_fts MATCH :query AND rowid < :below ORDER BY rowid DESC LIMIT :limit"  # noqa: S608
        values = {"query": fts5(search.terms, whole=search.whole), "below": search.below, "limit": search.limit}
        numbers = session.connection().execute(text(matching), values)
        found = select(kind.number, kind.ref).where(col(kind.number).in_([row[0] for row in numbers]))
    else:
        words = text("to_tsvector('simple', words) @@ to_tsquery('simple', :query)")
        found = select(kind.number, kind.ref).where(words.bindparams(query=tsquery(search.terms, whole=search.whole)))
        between_blanks = literal(" ") + col(kind.words) + literal(" ")
        found = found.where(*(between_blanks.like(one) for one in likes(search.terms, whole=search.whole)))
        found = found.where(col(kind.number) < search.below).order_by(col(kind.number).desc()).limit(search.limit)
    return sorted(session.exec(found).all(), reverse=True)


def cases_found(
    session: Session, query: str, before: str = "", *, fits: Callable[[Case], bool] = bool, limit: int = FOUND_MAX
) -> tuple[list[Case], str]:
    """Cases of matching reports, or whose id begins so, the newest matches first, and the place where the next page begins.

    A case stands where its reports do: one with many of them may stand on several pages. Where few matches fit, a page
    has less than `limit` and the next one looks further.

    Raises:
        ValueError: the place is none of ours.
    """
    found = {} if before else {case.id: case for case in _by_id(session, query) if fits(case)}
    reports = matches(session, ReportText, query, before)
    for start in range(0, len(reports), AT_ONCE):
        some = reports[start : start + AT_ONCE]
        cases = _cases_of(session, [ref for _, ref in some])
        for position, (place, ref) in enumerate(some, start + 1):
            case = cases.get(ref)
            if case is not None and fits(case):
                found[case.id] = case
            if len(found) >= limit and position < len(reports):
                return list(found.values()), place
    return list(found.values()), reports[-1][0] if len(reports) == FOUND_MAX else ""


def _cases_of(session: Session, reports: Sequence[str]) -> dict[str, Case]:
    """The cases by the ids of their reports."""
    case_of = dict(session.exec(select(Report.id, Report.case_id).where(col(Report.id).in_(reports))).all())
    cases = {case.id: case for case in session.exec(select(Case).where(col(Case.id).in_(set(case_of.values()))))}
    return {report: cases[case_id] for report, case_id in case_of.items() if case_id in cases}


def _by_id(session: Session, query: str) -> Sequence[Case]:
    wanted = query.strip().lower()
    if len(wanted) < ID_MIN or not all(char in "0123456789abcdef-" for char in wanted):
        return ()
    return session.exec(select(Case).where(col(Case.id).between(wanted, wanted + "~")).limit(20)).all()


def would_hit(session: Session, kind: str, value: str, since: datetime) -> Met:
    """Reports and held mails since a time that an entry would have met, the newest first, of at most `PREVIEW_MAX` each."""
    query = f'"{re.split("[/?#]", value.rpartition("://")[2])[0][:190]}"'
    reports = _rows(session, Report, refs(session, ReportText, query, PREVIEW_MAX), since)
    held = _rows(session, Held, refs(session, HeldText, query, PREVIEW_MAX), since)
    return Met(
        [row for row in reports if is_hit(kind=kind, value=value, message=row.message, envelope=row.envelope)],
        [row for row in held if is_hit(kind=kind, value=value, message=row.message, envelope=None)],
        PREVIEW_MAX in (len(reports), len(held)),
    )


M = TypeVar("M", Report, Held)


def _rows(session: Session, kind: type[M], ids: Sequence[str], since: datetime) -> list[M]:
    rows = select(kind).where(col(kind.id).in_(ids), col(kind.at) >= since).order_by(col(kind.at).desc())
    return list(session.exec(rows))

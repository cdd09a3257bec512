"""Finding reports and held mails by words, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.console.rules.mail import is_hit
from services.console.rules.search import fts5, terms_of, tsquery
from services.console.tables import Case, Held, HeldText, Report, ReportText

#: Matches that are looked at: the newest ones.
FOUND_MAX = 300

#: Mails that a preview of an entry looks at.
PREVIEW_MAX = 500

#: The shortest beginning of an id that is looked for as one.
ID_MIN = 6

K = TypeVar("K", ReportText, HeldText)


def refs(session: Session, kind: type[K], query: str, limit: int = FOUND_MAX) -> list[str]:
    """The ids of what matches, the newest first; nothing when the query has no words."""
    terms = terms_of(query)
    if not terms:
        return []
    name = str(kind.__tablename__)
    if session.get_bind().dialect.name == "sqlite":
        matching = f"SELECT rowid FROM {name}_fts WHERE {name}_fts MATCH :query ORDER BY rowid DESC LIMIT :limit"  # noqa: S608
        numbers = session.connection().execute(text(matching), {"query": fts5(terms), "limit": limit})
        found = select(kind.number, kind.ref).where(col(kind.number).in_([row[0] for row in numbers]))
    else:
        where = text("to_tsvector('simple', words) @@ to_tsquery('simple', :query)").bindparams(query=tsquery(terms))
        found = select(kind.number, kind.ref).where(where).order_by(col(kind.number).desc()).limit(limit)
    return [ref for _, ref in sorted(session.exec(found).all(), reverse=True)]


def cases_found(session: Session, query: str) -> list[Case]:
    """Cases of matching reports, or whose id begins so; the newest matches first."""
    wanted = query.strip().lower()
    found: dict[str, Case] = {}
    if len(wanted) >= ID_MIN and all(char in "0123456789abcdef-" for char in wanted):
        ids = select(Case).where(col(Case.id).between(wanted, wanted + "~")).limit(20)
        found = {case.id: case for case in session.exec(ids)}
    reports = refs(session, ReportText, query)
    ids_of = dict(session.exec(select(Report.id, Report.case_id).where(col(Report.id).in_(reports))).all())
    order = list(dict.fromkeys(ids_of.get(ref, "") for ref in reports))
    cases = {case.id: case for case in session.exec(select(Case).where(col(Case.id).in_(order)))}
    return [*found.values(), *(cases[one] for one in order if one in cases and one not in found)]


def would_hit(session: Session, kind: str, value: str, since: datetime) -> tuple[list[Report], list[Held]]:
    """Reports and held mails since a time that an entry would have met, the newest first, of at most `PREVIEW_MAX` each."""
    query = f'"{value.rpartition("://")[2].partition("?")[0][:190]}"'
    reports = _rows(session, Report, refs(session, ReportText, query, PREVIEW_MAX), since)
    held = _rows(session, Held, refs(session, HeldText, query, PREVIEW_MAX), since)
    return (
        [row for row in reports if is_hit(kind=kind, value=value, message=row.message, envelope=row.envelope)],
        [row for row in held if is_hit(kind=kind, value=value, message=row.message, envelope=None)],
    )


M = TypeVar("M", Report, Held)


def _rows(session: Session, kind: type[M], ids: Sequence[str], since: datetime) -> list[M]:
    rows = select(kind).where(col(kind.id).in_(ids), col(kind.at) >= since).order_by(col(kind.at).desc())
    return list(session.exec(rows))

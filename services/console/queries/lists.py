"""Lists and single stories, as pages and the API ask for them."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from services.console.rules.cursor import read_cursor, write_cursor
from services.console.tables import Activity, Block, Case, Failure, Report, Row, Verdict

#: Cases merged into one that are decided with it.
MERGED_MAX = 1_000

R = TypeVar("R", bound=Row)


def newest(session: Session, kind: type[R], /, *, limit: int, before: str = "", **where: str) -> list[R]:
    """Rows, the newest first, from a cursor on.

    Raises:
        ValueError: the cursor is none of ours.
    """
    query = select(kind).order_by(col(kind.at).desc(), col(kind.id).desc()).limit(limit)
    if before:
        at, key = read_cursor(before)
        query = query.where(or_(col(kind.at) < at, and_(col(kind.at) == at, col(kind.id) < key)))
    for name, value in where.items():
        if value:
            query = query.where(getattr(kind, name) == value)
    return list(session.exec(query))


def page_of(rows: list[R], limit: int) -> dict[str, Any]:
    """Rows as the API answers them, with the cursor of the next page."""
    cursor = write_cursor(rows[-1].at, rows[-1].id) if len(rows) == limit else ""
    return {"items": [row.model_dump(mode="json") for row in rows], "next": cursor}


def case_story(session: Session, case_id: str) -> dict[str, Any] | None:
    """Everything about one case; None when there is none."""
    case = session.get(Case, case_id)
    if case is None:
        return None
    reports = select(Report).where(Report.case_id == case_id).order_by(col(Report.at)).limit(200)
    verdicts = select(Verdict).where(Verdict.case_id == case_id).order_by(col(Verdict.version).desc()).limit(50)
    activity = select(Activity).where(Activity.case_id == case_id).order_by(col(Activity.id).desc()).limit(200)
    return {
        "case": case,
        "reports": list(session.exec(reports)),
        "verdicts": list(session.exec(verdicts)),
        "blocks": list(session.exec(select(Block).where(Block.case_id == case_id).limit(100))),
        "failures": list(session.exec(select(Failure).where(Failure.case_id == case_id).limit(20))),
        "activity": list(session.exec(activity)),
    }


def merged_into(session: Session, case_id: str) -> Sequence[str]:
    """The cases whose reports this one took; their mails are still analysed under their own ids."""
    return session.exec(select(Case.id).where(Case.merged_into == case_id).limit(MERGED_MAX)).all()


def newest_activity(session: Session, limit: int) -> list[Activity]:
    """The newest lines, the newest first."""
    return list(session.exec(select(Activity).order_by(col(Activity.id).desc()).limit(limit)))

"""What pages and the API ask of the read model."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from services.console.rules.cursor import read_cursor, write_cursor
from services.console.tables import Activity, Block, Case, Copy, Failure, Held, Report, Row, Verdict

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


def stats(session: Session, at: datetime) -> dict[str, Any]:
    """The counts at the head of the page: since midnight UTC, and what stands now."""
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    verdicts = session.exec(
        select(Verdict.category, func.count()).where(Verdict.at >= today).group_by(Verdict.category)
    )
    return {
        "reports_today": session.exec(select(func.count()).select_from(Report).where(Report.at >= today)).one(),
        "verdicts_today": dict(verdicts.all()),
        "active_blocks": session.exec(select(func.count()).select_from(Block).where(Block.status == "active")).one(),
        "held": session.exec(select(func.count()).select_from(Copy).where(Copy.status == "held")).one(),
        "asked_for": session.exec(
            select(func.count()).select_from(Copy).where(Copy.status == "release_requested")
        ).one(),
        "to_review": session.exec(
            select(func.count())
            .select_from(Case)
            .where(Case.decision == "review", Case.at >= today - timedelta(days=30))
        ).one(),
    }


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


def copies(session: Session, limit: int) -> list[tuple[Copy, Held | None]]:
    """Copies of held mails with their mail: what is asked for first, then the newest."""
    asked = (col(Copy.status) == "release_requested").desc()
    query = select(Copy).order_by(asked, col(Copy.at).desc()).limit(limit)
    return [(copy, session.get(Held, copy.held_id)) for copy in session.exec(query)]


def newest_activity(session: Session, limit: int) -> list[Activity]:
    """The newest lines, the newest first."""
    return list(session.exec(select(Activity).order_by(col(Activity.id).desc()).limit(limit)))

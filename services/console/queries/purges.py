"""Purges, as pages and the API ask for them."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from services.console.queries.counters import at_most
from services.console.queries.entries import Paged, newest_where
from services.console.rules.mail import recipients_of
from services.console.tables import Activity, Purge, PurgeBox, Report

#: Views of the list, and the statuses of each.
PURGE_VIEWS = {
    "planned": "Planned",
    "second": "Second person",
    "running": "Running",
    "done": "Done",
    "restored": "Restored",
    "refused": "Not done",
    "all": "All",
}
STATUSES = {
    "planned": ("planned",),
    "second": ("second",),
    "running": ("planning", "running", "restoring"),
    "done": ("done", "part_restored"),
    "restored": ("restored",),
    "refused": ("refused", "withdrawn", "nothing", "failed"),
}

#: Mailboxes that a page names, reports that are asked for who got a mail, purges of one case that are shown.
BOXES_MAX, REPORTS_MAX, OF_CASE_MAX = 500, 1_000, 20


def purges(session: Session, wanted: Paged) -> tuple[list[Purge], str]:
    """Purges of a view, the newest first.

    Raises:
        ValueError: the cursor is none of ours.
    """
    where: list[Any] = [col(Purge.status).in_(STATUSES[wanted.view])] if wanted.view in STATUSES else []
    return newest_where(session, Purge, where, wanted.before)


def purge_story(session: Session, purge_id: str) -> dict[str, Any] | None:
    """Everything about one purge; None when there is none. What waits and what was moved comes first."""
    purge = session.get(Purge, purge_id)
    if purge is None:
        return None
    told = or_(
        PurgeBox.found > 0, PurgeBox.unlike > 0, PurgeBox.result != "", PurgeBox.reason != "", PurgeBox.late != ""
    )
    boxes = (
        select(PurgeBox)
        .where(PurgeBox.purge_id == purge_id, told)
        .order_by(col(PurgeBox.late).desc(), col(PurgeBox.found).desc(), col(PurgeBox.mailbox))
        .limit(BOXES_MAX)
    )
    lines = select(Activity).where(Activity.purge_id == purge_id).order_by(col(Activity.id).desc()).limit(100)
    return {"purge": purge, "mailboxes": list(session.exec(boxes)), "activity": list(session.exec(lines))}


def purges_of_case(session: Session, case_id: str) -> list[Purge]:
    """The purges of a case, the newest first."""
    rows = select(Purge).where(Purge.case_id == case_id).order_by(col(Purge.at).desc()).limit(OF_CASE_MAX)
    return list(session.exec(rows))


def waiting(session: Session, at: datetime) -> int:
    """Plans that somebody may still approve."""
    fresh = or_(col(Purge.approve_until).is_(None), col(Purge.approve_until) > at)
    return at_most(session, col(Purge.status).in_(("planned", "second")), Purge.hit_count > 0, fresh, kind=Purge)


def reports_like(session: Session, *, mail: str, case_id: str) -> list[Report]:
    """The reports of a case, or else of a mail (by SHA-256): who has such a mail."""
    which = Report.case_id == case_id if case_id else Report.sha256 == mail
    return list(session.exec(select(Report).where(which).order_by(col(Report.at)).limit(REPORTS_MAX)))


def people_of(reports: list[Report]) -> list[str]:
    """Who reported these mails, and who got them as their envelopes say."""
    return [one for report in reports for one in (report.reporter, *recipients_of(report.envelope)) if one]

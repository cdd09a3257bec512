"""When a case is done."""

from typing import cast

from services.triage.tables import Case
from shared.events import CaseClosed
from shared.events.cases import CloseReason
from shared.events.vocabulary import VerdictCategory
from shared.work import Work


def close_if_done(case: Case, work: Work) -> None:
    """Close a case when nothing more is to do in it, once."""
    reason = _done(case)
    if reason is None or case.closed or not case.report_count:
        return
    case.closed = True
    case.closings += 1
    category = case.decided_as or case.category or "simulation"
    work.emit(
        CaseClosed(
            case_id=case.case_id,
            closing=case.closings,
            reason=reason,
            category=cast("VerdictCategory", category),
            report_count=case.report_count,
        )
    )


def _done(case: Case) -> CloseReason | None:
    if case.waiting_count > 0:
        return None
    if case.decided_as:
        return "decided"
    if case.decision == "dismiss":
        return "dismissed"
    return "resolved" if case.decision == "submit" and case.category not in ("", "unknown") else None

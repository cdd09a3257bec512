"""How submission reacts: a request becomes an item that is due now. The work itself is a job's."""

from collections.abc import Sequence

from services.submission.tables import Item
from shared.events import SubmissionRequested
from shared.work import Work


def foresee(events: Sequence[SubmissionRequested], work: Work) -> None:
    """Which of these were asked for already."""
    work.foresee(Item, [event.request_id for event in events])


def on_submission_requested(event: SubmissionRequested, work: Work) -> None:
    """Write the debt down."""
    if work.find(Item, event.request_id):
        return
    work.new(
        Item,
        submission_id=event.request_id,
        case_id=event.case_id,
        message_sha256=event.message_sha256,
        category=event.category,
        report_count=event.report_count,
        envelope=event.envelope.model_dump_json() if event.envelope else "",
        due_at=work.at,
        asked_at=work.at,
        reported_at=event.reported_at,
        traceparent=work.traceparent,
    )

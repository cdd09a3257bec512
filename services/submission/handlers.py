"""How submission reacts: a request and a decision become items that are due now. The work itself is a job's."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import col

from services.submission.rules import decided
from services.submission.tables import Item
from services.submission.verdicts import OPINION
from shared.events import CaseDecided, SubmissionRequested
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


def on_case_decided(event: CaseDecided, work: Work) -> None:
    """Let every mail of the case have the operator's verdict; what is being analysed is not waited for."""
    opinion = decided(category=event.category, by=event.by, comment=event.comment)
    work.flush()
    work.session.connection().execute(
        update(Item)
        .where(col(Item.case_id) == event.case_id)
        .values(open=True, due_at=work.at, attempts=0, runs=Item.runs + 1, decided=OPINION.dump_json(opinion).decode())
    )
    work.forget()

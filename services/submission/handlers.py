"""How submission reacts: a request and a decision become items that are due now. The work itself is a job's."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import col

from services.submission.history import sender_key
from services.submission.rules import decided, too_soon
from services.submission.settings import SubmissionSettings
from services.submission.tables import Item
from services.submission.verdicts import OPINION
from shared.events import CaseDecided, SubmissionFailed, SubmissionRequested, fact_id
from shared.work import Work


def foresee(events: Sequence[SubmissionRequested], work: Work) -> None:
    """Which of these were asked for already."""
    work.foresee(Item, [event.request_id for event in events])


class Requests:
    """The reaction to requests; how often a mail is analysed again is a setting."""

    def __init__(self, settings: SubmissionSettings) -> None:
        self._settings = settings

    def on_submission_requested(self, event: SubmissionRequested, work: Work) -> None:
        """Write the debt down; a person who asks again too soon is told so."""
        if work.find(Item, event.request_id):
            return
        reason = self._too_soon(event, work)
        work.new(
            Item,
            submission_id=event.request_id,
            case_id=event.case_id,
            message_sha256=event.message_sha256,
            category=event.category,
            report_count=event.report_count,
            reporter_verified=event.reporter_verified,
            sender=sender_key(event.sender),
            envelope=event.envelope.model_dump_json() if event.envelope else "",
            status="skipped" if reason else "not_started",
            open=not reason,
            due_at=work.at,
            asked_at=work.at,
            reported_at=event.reported_at,
            traceparent=work.traceparent,
        )
        if reason:
            work.emit(
                SubmissionFailed(submission_id=event.request_id, case_id=event.case_id, reason=reason, attempts=0)
            )

    def _too_soon(self, event: SubmissionRequested, work: Work) -> str:
        if event.request_id == fact_id("submission", event.case_id, event.message_sha256):
            return ""  # the first request for a mail, which triage makes
        work.flush()
        mine = (col(Item.case_id) == event.case_id, col(Item.message_sha256) == event.message_sha256)
        before = work.load(Item, *mine, col(Item.status) != "skipped", limit=self._settings.resubmit_day_max + 2)
        return too_soon(
            asked=[item.asked_at for item in before],
            at=work.at,
            pause_s=self._settings.resubmit_pause_s,
            day_max=self._settings.resubmit_day_max,
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

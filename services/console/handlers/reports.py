"""Reports, cases, submissions and verdicts."""

from services.console.handlers.note import note
from services.console.handlers.tallies import proved, reported, stand, targeted, timed
from services.console.rules.mail import texts_of
from services.console.rules.search import words_of
from services.console.rules.standing import later
from services.console.rules.text import sure
from services.console.tables import Case, Failure, Report, ReportText, Verdict, count, row_of, searchable
from services.console.words import CATEGORIES, CAUSES, DECISIONS, SOURCES, sentence
from shared.events import (
    CaseClosed,
    CaseJoined,
    CaseOpened,
    CaseSpread,
    CaseTriaged,
    ReportReceived,
    ReportRejected,
    ReportResolved,
    SubmissionFailed,
    SubmissionRequested,
    VerdictIssued,
)
from shared.plural import counted
from shared.work import Work


def on_report_received(event: ReportReceived, work: Work) -> None:
    """A report is durable."""
    row = row_of(work, Report, event.report_id)
    told = event.model_dump(
        include={
            "category",
            "reporter",
            "reporter_verified",
            "source",
            "folder",
            "comment",
            "defaulted",
            "low_fidelity",
        }
    )
    is_new = row.state != "received"
    for name, value in told.items():
        setattr(row, name, value)
    row.state = "received"
    row.at = min(row.at, event.received_at)
    row.sha256, row.from_address, row.subject = event.message.sha256, event.message.from_address, event.message.subject
    row.message = event.message.model_dump(mode="json")
    row.envelope = event.envelope.model_dump(mode="json") if event.envelope else None
    if is_new:
        searchable(work, ReportText, row.id, words_of([row.reporter, *texts_of(row.message, row.envelope)]))
        reported(row, work)
    words = f"Reported as {sentence(CATEGORIES, event.category).lower()} by {sentence(SOURCES, event.source)}"
    note(event, words, work, word=event.category)


def on_report_rejected(event: ReportRejected, work: Work) -> None:
    """A report could not be taken."""
    row = row_of(work, Report, event.report_id)
    row.state, row.source, row.reporter, row.reason = "rejected", event.source, event.reporter, event.reason
    note(event, f"A report could not be taken: {event.reason}", work, word="rejected")


def on_case_opened(event: CaseOpened, work: Work) -> None:
    """A report started a case."""
    case = row_of(work, Case, event.case_id)
    case.category, case.subject, case.from_address = event.category, event.subject, event.from_address
    case.report_count = max(case.report_count, event.report_count)
    stand(case, work)
    row_of(work, Report, event.report_id).case_id = event.case_id
    note(event, "A case was opened", work)


def on_case_joined(event: CaseJoined, work: Work) -> None:
    """A report joined a case."""
    case = row_of(work, Case, event.case_id)
    case.report_count = max(case.report_count, event.report_count)
    stand(case, work)
    row_of(work, Report, event.report_id).case_id = event.case_id
    note(event, f"Joined a case of {counted(event.report_count, 'report')}: {event.matched}", work)


def on_case_triaged(event: CaseTriaged, work: Work) -> None:
    """A decision about a case."""
    case = row_of(work, Case, event.case_id)
    case.decision, case.priority, case.reasons = event.decision, event.priority, list(event.reasons)
    case.tags = list(dict.fromkeys((*case.tags, *event.tags)))
    case.due_at = event.due_at
    case.triaged_at = later(known=case.triaged_at, told=work.said_at)
    stand(case, work)
    note(event, f"{sentence(DECISIONS, event.decision)}, priority {event.priority}", work, word=event.priority)


def on_case_spread(event: CaseSpread, work: Work) -> None:
    """More people are known to have got mail of a case, or to have been spared it."""
    case = row_of(work, Case, event.case_id)
    if event.recipient_count >= case.recipient_count:
        case.recipient_count, case.spared_count = event.recipient_count, event.spared_count
    stand(case, work)
    note(event, f"Sent to {event.recipient_count} people; {event.spared_count} of them were spared it", work)


def on_case_closed(event: CaseClosed, work: Work) -> None:
    """Nothing more is to do in a case."""
    case = row_of(work, Case, event.case_id)
    if event.closing > case.closings:
        case.closings, case.closed_at, case.closed_as = event.closing, work.said_at, event.reason
    stand(case, work)
    note(event, "The case is closed", work, word=event.reason)


def on_submission_requested(event: SubmissionRequested, work: Work) -> None:
    """Analysis was asked for."""
    case = row_of(work, Case, event.case_id)
    case.requested_at = later(known=case.requested_at, told=work.said_at)
    case.from_address, case.subject = case.from_address or event.sender, case.subject or event.subject
    case.priority, case.category = case.priority or event.priority, case.category or event.category
    stand(case, work)
    note(event, "Analysis was asked for", work)


def on_submission_failed(event: SubmissionFailed, work: Work) -> None:
    """Analysis was given up."""
    row = row_of(work, Failure, event.submission_id)
    row.case_id, row.reason, row.attempts = event.case_id, event.reason, event.attempts
    note(event, f"Analysis was given up: {event.reason}", work, word="failed")


def on_verdict_issued(event: VerdictIssued, work: Work) -> None:
    """A verdict, kept with all its versions; the case shows the newest."""
    row = row_of(work, Verdict, f"{event.case_id}/{event.version}")
    if not row.version:
        count(work, "verdict", event.category, day=work.said_at.date())
    told = event.model_dump(mode="json", include=set(Verdict.model_fields) - {"id", "at"})
    for name, value in told.items():
        setattr(row, name, value)
    case = row_of(work, Case, event.case_id)
    if case.merged_into:
        row.case_id = case.merged_into
    if event.version > case.verdict_version:
        case.verdict_version, case.verdict_category = event.version, event.category
        case.verdict_confidence, case.verdict_cause = event.confidence, event.cause
        case.verdict_at = later(known=case.verdict_at, told=work.said_at)
        stand(case, work)
    what = filter(None, (sentence(CATEGORIES, event.category), sure(event.category, event.confidence)))
    note(event, f"{', '.join(what)}. {sentence(CAUSES, event.cause)}", work, word=event.category)


def on_report_resolved(event: ReportResolved, work: Work) -> None:
    """A report was told its verdict."""
    row = row_of(work, Report, event.report_id)
    row.case_id = event.case_id
    if event.version > row.verdict_version:
        before = row.verdict_category
        row.verdict_category, row.verdict_confidence = event.category, event.confidence
        row.verdict_version, row.inherited = event.version, event.inherited
        if row.state:
            proved(row, before, work)
            targeted(row, before, work)
    if row.resolved_at is None:
        row.resolved_at = work.said_at
        timed(row, work)
    note(event, f"A report has its verdict: {sentence(CATEGORIES, event.category).lower()}", work, word=event.category)

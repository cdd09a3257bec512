"""How triage reacts: a report finds its case, a verdict finds its reports."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from sqlmodel import col

from services.triage.rules import Decision, decide, likeness
from services.triage.tables import Answer, Case, Report, Sample, Trait
from shared.events import (
    CaseJoined,
    CaseOpened,
    CaseTriaged,
    ReportReceived,
    ReportResolved,
    SubmissionRequested,
    VerdictIssued,
    fact_id,
)
from shared.events.vocabulary import VerdictCategory
from shared.work import Work

#: Answers that are looked up together; more of them one by one.
FORESEEN_ANSWERS_MAX = 2_000

#: A receipt leaves when there is no result after this time: two mails at once say no more than one.
RECEIPT_AFTER = timedelta(seconds=5)

#: Reports told in one step: the first step is taken with the verdict, the others by a job.
STEP = 500


def foresee_reports(events: Sequence[ReportReceived], work: Work) -> None:
    """The traits of these mails that are known, with their cases and samples."""
    alike = [likeness(message=event.message) for event in events]
    traits = work.foresee(Trait, [trait for one in alike for trait in (*one.same_mail, *one.same_case)])
    work.foresee(Case, [trait.case_id for trait in traits])
    work.foresee(Sample, [*(trait.sample for trait in traits), *(event.message.sha256 for event in events)])
    cases = {trait.case_id for trait in traits}
    reporters = {event.reporter for event in events if event.reporter_verified and event.reporter}
    if cases and reporters and len(cases) * len(reporters) <= FORESEEN_ANSWERS_MAX:
        work.foresee(Answer, [answer_id_of(case_id, reporter) for case_id in cases for reporter in reporters])


def foresee_verdicts(events: Sequence[VerdictIssued], work: Work) -> None:
    """The samples of these verdicts, and the reports that wait for them, when a step can tell them all."""
    samples = [event.message_sha256 for event in events]
    work.foresee(Sample, samples)
    newest = max(event.version for event in events)
    work.foresee_by(Report, Report.sample, samples, col(Report.told_version) < newest, limit=STEP)


def on_report_received(event: ReportReceived, work: Work) -> None:
    """Open or join a case, decide about it, ask for analysis, or hand on the verdict that is there."""
    alike = likeness(message=event.message)
    known = {
        trait: row for trait in (*alike.same_mail, *alike.same_case) if (row := work.find(Trait, trait)) is not None
    }
    match = next((known[trait] for trait in (*alike.same_mail, *alike.same_case) if trait in known), None)
    inherited = match is not None and match.trait in alike.same_mail
    case = _open(event, work) if match is None else _join(match, event, work)
    decision = _decide(case, event, work)
    sample = work.get(Sample, match.sample) if match and inherited else _take_sample(case, event, decision, work)
    for trait in dict.fromkeys((*alike.same_mail, *alike.same_case)):
        if trait not in known:
            work.new(Trait, trait=trait, case_id=case.case_id, sample=sample.sha256)
    report = work.new(
        Report,
        report_id=event.report_id,
        case_id=case.case_id,
        sample=sample.sha256,
        inherited=inherited,
        answer_id=_answer(case, event, work),
    )
    if sample.version:
        _tell([report], sample, work)


def on_verdict_issued(event: VerdictIssued, work: Work) -> None:
    """Remember the newest verdict of a mail and tell its reports.

    It may come before the first of them: streams that are read again after a restore keep no order between them.
    """
    sample = work.find(Sample, event.message_sha256)
    if sample is None:
        sample = work.new(Sample, sha256=event.message_sha256, case_id=event.case_id)
    if sample.case_id != event.case_id or sample.version >= event.version:
        return
    sample.version, sample.category, sample.confidence = event.version, event.category, event.confidence
    sample.untold = tell_step(sample, work)


def tell_step(sample: Sample, work: Work) -> bool:
    """Tell up to `STEP` reports the newest verdict of their mail; whether there may be more."""
    foreseen = work.find_by(Report, Report.sample, sample.sha256)
    if foreseen is not None:
        _tell([report for report in foreseen if report.told_version < sample.version], sample, work)
        return False
    work.flush()
    reports = work.load(
        Report, col(Report.sample) == sample.sha256, col(Report.told_version) < sample.version, limit=STEP
    )
    _tell(reports, sample, work)
    return len(reports) == STEP


def _open(event: ReportReceived, work: Work) -> Case:
    case = work.new(Case, case_id=fact_id("case", event.report_id), opened_at=work.at, report_count=1)
    work.emit(
        CaseOpened(
            case_id=case.case_id,
            report_id=event.report_id,
            category=event.category,
            subject=event.message.subject,
            from_address=event.message.from_address,
        )
    )
    return case


def _join(match: Trait, event: ReportReceived, work: Work) -> Case:
    case = work.get(Case, match.case_id)
    case.report_count += 1
    matched = {"raw": "the same mail", "body": "the same text", "mid": "the same Message-ID"}
    work.emit(
        CaseJoined(
            case_id=case.case_id,
            report_id=event.report_id,
            report_count=case.report_count,
            matched=matched[match.trait.partition(":")[0]],
        )
    )
    return case


def _decide(case: Case, event: ReportReceived, work: Work) -> Decision:
    """Decide about the case, and say so when the decision is new or has changed."""
    decision = decide(
        category=event.category,
        message=event.message,
        report_count=case.report_count,
        low_fidelity=event.low_fidelity,
        defaulted=event.defaulted,
    )
    if (case.decision, case.priority) != (decision.decision, decision.priority):
        case.decision, case.priority = decision.decision, decision.priority
        work.emit(
            CaseTriaged(
                case_id=case.case_id,
                report_id=event.report_id,
                decision=decision.decision,
                priority=decision.priority,
                reasons=decision.reasons,
            )
        )
    return decision


def _take_sample(case: Case, event: ReportReceived, decision: Decision, work: Work) -> Sample:
    """A mail that the case has not seen: ask for its analysis, unless it is dismissed, which is a verdict too."""
    sample = work.find(Sample, event.message.sha256)
    if sample is None:
        sample = work.new(Sample, sha256=event.message.sha256, case_id=case.case_id)
    elif sample.case_id != case.case_id:  # somebody else's verdict, of a case that is none
        sample.case_id, sample.version = case.case_id, 0
    if decision.decision == "dismiss":
        sample.version, sample.category, sample.confidence = 1, "simulation", 1.0
        return sample
    work.emit(
        SubmissionRequested(
            request_id=fact_id("submission", case.case_id, sample.sha256),
            case_id=case.case_id,
            message_sha256=sample.sha256,
            category=event.category,
            report_count=case.report_count,
            reporter=event.reporter,
            envelope=event.envelope,
            priority=decision.priority,
            reported_at=event.received_at,
        )
    )
    return sample


def _answer(case: Case, event: ReportReceived, work: Work) -> str:
    """The answer that a verified reporter will get for the case; the same one however often they report it."""
    if not event.reporter_verified or not event.reporter:
        return ""
    answer_id = answer_id_of(case.case_id, event.reporter)
    if not work.find(Answer, answer_id):
        work.new(
            Answer,
            answer_id=answer_id,
            case_id=case.case_id,
            reporter=event.reporter,
            subject=event.message.subject,
            from_address=event.message.from_address,
            reported_at=event.received_at,
            due_at=work.at + RECEIPT_AFTER,
        )
    return answer_id


def answer_id_of(case_id: str, reporter: str) -> str:
    """One for each case and reporter."""
    return fact_id("answer", case_id, reporter.lower())


def _tell(reports: Sequence[Report], sample: Sample, work: Work) -> None:
    work.foresee(Answer, [report.answer_id for report in reports if report.answer_id])
    for report in reports:
        answer = work.find(Answer, report.answer_id) if report.answer_id else None
        if answer and answer.category != sample.category:
            answer.category = sample.category
            answer.due_at = None if answer.told == sample.category else work.at
        report.told_version = sample.version
        work.emit(
            ReportResolved(
                report_id=report.report_id,
                case_id=report.case_id,
                category=cast("VerdictCategory", sample.category),
                confidence=sample.confidence,
                version=sample.version,
                inherited=report.inherited,
            )
        )

"""What operators do with cases."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import update
from sqlmodel import col

from services.triage.handlers.closing import close_if_done
from services.triage.handlers.spread import tell_spread
from services.triage.handlers.verdicts import lead_again
from services.triage.tables import Answer, Case, Entry, Kin, Report, Sample
from shared.events import CaseDecided, CaseEdited, CaseOpened, Split, SubmissionRequested, fact_id
from shared.events.vocabulary import Priority
from shared.work import Work

#: Reports that leave a case together: what an operator names, and copies of the same mails.
SPLIT_MAX = 10_000


def on_case_decided(event: CaseDecided, work: Work) -> None:
    """Close the case, and have its reporters told, when the operator wants that, whether its verdict comes later or has come."""
    if case := work.find(Case, event.case_id):
        case.decided_as = event.category
        close_if_done(case, work)
    if event.notify:
        work.flush()
        mine = update(Answer).where(col(Answer.case_id) == event.case_id)
        work.session.connection().execute(mine.values(category=event.category, wanted=True, due_at=work.at, attempts=0))
        work.forget()


def on_case_edited(event: CaseEdited, work: Work) -> None:
    """Merge and split; the rest of an edit is the console's."""
    source, target = work.find(Case, event.case_id), work.find(Case, event.merged_into) if event.merged_into else None
    if source is None:
        return
    if target and source is not target:
        _merge(source, target, work)
    if event.split:
        _split(source, event.split_into, event.split, work)


def _merge(source: Case, target: Case, work: Work) -> None:
    """Give one case's mails and reports to another. People who are in both are counted twice from then on."""
    for count in ("report_count", "reporter_count", "recipient_count", "spared_count", "sample_count", "waiting_count"):
        setattr(target, count, getattr(target, count) + getattr(source, count))
        setattr(source, count, 0)
    target.closed = target.closed and not target.waiting_count
    tell_spread(target, work)
    work.flush()
    for kind in (Sample, Report, Entry):
        mine = update(kind).where(col(kind.case_id) == source.case_id)
        work.session.connection().execute(mine.values(case_id=target.case_id))
    work.forget()


def _split(source: Case, case_id: str, split: Split, work: Work) -> None:
    """Let reports, with the mails that they are of, be a case of their own, which is analysed for itself.

    People stay counted where they were: nobody keeps who reported what.
    """
    if work.find(Case, case_id):
        return
    work.flush()
    named = work.load(Report, col(Report.case_id) == source.case_id, col(Report.report_id).in_(split.reports))
    mails = sorted({report.sample for report in named})
    samples = work.load(Sample, col(Sample.sha256).in_(mails), col(Sample.case_id) == source.case_id)
    reports = work.load(Report, col(Report.sample).in_(mails), limit=SPLIT_MAX)
    if not samples or not reports:
        return
    case = work.new(
        Case,
        case_id=case_id,
        opened_at=work.at,
        report_count=len(reports),
        reporter_count=len({report.answer_id for report in reports}),
        recipient_count=len({report.answer_id for report in reports}),
        sample_count=len(samples),
        waiting_count=len(samples),
        decision=source.decision,
        priority=source.priority,
        due_at=source.due_at,
    )
    source.report_count -= len(reports)
    source.sample_count -= len(samples)
    source.waiting_count -= sum(sample.own_version == 0 for sample in samples)
    _say(case, source, split, reports, work)
    _move(samples, reports, case_id, work)
    work.flush()
    lead_again(source, work)


def _move(samples: Sequence[Sample], reports: Sequence[Report], case_id: str, work: Work) -> None:
    for sample in samples:
        kin_id = fact_id("kin", case_id, sample.kin_id)
        kin = work.find(Kin, kin_id) or work.new(Kin, kin_id=kin_id)
        kin.sample_count += 1
        if old := work.find(Kin, sample.kin_id):
            old.sample_count -= 1
        sample.case_id, sample.asked_as, sample.kin_id = case_id, case_id, kin_id
        sample.own_version, sample.own_category, sample.own_confidence = 0, "", 0.0
        sample.version, sample.category, sample.confidence = 0, "", 0.0
        sample.inherited = sample.untold = False
    for report in reports:
        report.case_id, report.told_version = case_id, 0


def _say(case: Case, source: Case, split: Split, reports: Sequence[Report], work: Work) -> None:
    work.emit(
        CaseOpened(
            case_id=case.case_id,
            report_id=reports[0].report_id,
            report_count=case.report_count,
            category=split.category,
            subject=split.subject,
            from_address=split.from_address,
        )
    )
    for sha256 in dict.fromkeys(report.sample for report in reports):
        work.emit(
            SubmissionRequested(
                request_id=fact_id("submission", case.case_id, sha256),
                case_id=case.case_id,
                message_sha256=sha256,
                category=split.category,
                report_count=case.report_count,
                priority=cast("Priority", source.priority),
            )
        )

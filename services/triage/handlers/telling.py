"""Telling reports the verdict of their mail."""

from collections.abc import Sequence
from typing import cast

from sqlmodel import col

from services.triage.rules.reputation import Proof, Reputation, day_of, proof
from services.triage.tables import Answer, Report, Reporter, Sample
from shared.events import ReportResolved
from shared.events.vocabulary import VerdictCategory
from shared.work import Work

#: Reports told in one step: the first step is taken with the verdict, the others by a job.
STEP = 500


def tell_step(sample: Sample, work: Work) -> bool:
    """Tell up to `STEP` reports the newest verdict of their mail; whether there may be more."""
    foreseen = work.find_by(Report, Report.sample, sample.sha256)
    if foreseen is not None:
        tell([report for report in foreseen if report.told_version < sample.version], sample, work)
        return False
    work.flush()
    reports = work.load(
        Report, col(Report.sample) == sample.sha256, col(Report.told_version) < sample.version, limit=STEP
    )
    tell(reports, sample, work)
    return len(reports) == STEP


def tell(reports: Sequence[Report], sample: Sample, work: Work) -> None:
    """Say the verdict of these reports, and owe their reporters an answer when it is news to them."""
    work.foresee(Answer, [report.answer_id for report in reports if report.answer_id])
    work.foresee(Reporter, [report.reporter_id for report in reports if report.reporter_id])
    for report in reports:
        _count(report, sample.category, work)
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
                inherited=report.inherited or sample.inherited,
            )
        )


def reputation_of(reporter_id: str, work: Work) -> Reputation:
    """That of a reporter as of today."""
    row = work.find(Reporter, reporter_id) if reporter_id else None
    known = Reputation(row.right, row.wrong, row.counted_on) if row else Reputation()
    return known.on(day_of(work.at.date()))


def _count(report: Report, verdict: str, work: Work) -> None:
    """Let a report that proved right or wrong count for its reporter, once, and otherwise when the verdict changes."""
    now = proof(reported=report.category, verdict=verdict)
    if not report.reporter_id or now == report.proved:
        return
    told = reputation_of(report.reporter_id, work).told(before=cast("Proof", report.proved), now=now)
    row = work.find(Reporter, report.reporter_id) or work.new(Reporter, reporter_id=report.reporter_id)
    row.right, row.wrong, row.counted_on, report.proved = told.right, told.wrong, told.day, now

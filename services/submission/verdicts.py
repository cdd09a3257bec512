"""Verdicts as rows and events, and the opinions that may still revise them."""

from collections import Counter
from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy import func
from sqlmodel import col, select

from services.submission.analysers import Opinion
from services.submission.rules import Combined
from services.submission.tables import Item, Verdict
from shared.events import VerdictIssued
from shared.work import Work

#: Opinions as a row keeps them.
OPINIONS = TypeAdapter(list[Opinion])
OPINION = TypeAdapter(Opinion)


def issue(item: Item, verdict: Combined, versions: Counter[str], work: Work) -> None:
    """Say a verdict: a number, a row, an event. `versions` are the newest numbers of the cases, counted on."""
    item.said = verdict.in_short
    versions[item.case_id] += 1
    event = VerdictIssued(
        submission_id=item.submission_id,
        case_id=item.case_id,
        message_sha256=item.message_sha256,
        version=versions[item.case_id],
        category=verdict.category,
        confidence=verdict.confidence,
        cause=verdict.cause,
        evidence=verdict.evidence,
        recommendations=verdict.recommendations,
        blocks=verdict.blocks,
        analysers=verdict.analysers,
        reported_at=item.reported_at,
        report_count=item.report_count,
        reporter_verified=item.reporter_verified,
    )
    work.new(
        Verdict,
        issued_at=work.at,
        **event.model_dump(
            include={"case_id", "version", "submission_id", "message_sha256", "category", "confidence", "cause"}
        ),
    )
    work.emit(event, traceparent=item.traceparent)


def awaited(item: Item) -> list[str]:
    """The analysers that have not said yet what they think of a mail that has a verdict."""
    if not item.opinions:
        return []
    return [one.name for one in OPINIONS.validate_json(item.opinions) if one.again_s is not None]


def versions_of(cases: Sequence[str], work: Work) -> Counter[str]:
    """The newest version of the verdicts of each case."""
    newest = (
        select(Verdict.case_id, func.max(Verdict.version))
        .where(col(Verdict.case_id).in_(cases))
        .group_by(Verdict.case_id)
    )
    return Counter(dict(work.session.exec(newest).all()))

"""What a replay brings back of the work of jobs: mails that have their verdict."""

from collections.abc import Callable, Mapping
from typing import Any

from services.submission.rules import in_short
from services.submission.tables import Item, Verdict
from shared.events import Event, SubmissionFailed, VerdictIssued
from shared.work import Work


def failed(event: SubmissionFailed, work: Work) -> None:
    """The analysis was given up, or never begun because it was asked for too soon."""
    if item := work.find(Item, event.submission_id):
        item.status, item.open, item.attempts = "failed" if event.attempts else "skipped", False, event.attempts


def issued(event: VerdictIssued, work: Work) -> None:
    """The mail has a verdict; after a failure one that claims nothing."""
    item = work.find(Item, event.submission_id)
    if item:
        item.said, item.open = in_short(event.category, event.confidence, event.cause), False
        if item.status != "failed":
            item.status, item.attempts = "succeeded", 0
    work.flush()
    if work.session.get(Verdict, (event.case_id, event.version)) is None:
        work.session.add(
            Verdict(
                issued_at=work.at,
                **event.model_dump(
                    include={"case_id", "version", "submission_id", "message_sha256", "category", "confidence", "cause"}
                ),
            )
        )


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {SubmissionFailed: failed, VerdictIssued: issued}

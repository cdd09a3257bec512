"""Verdicts: what is known of a mail today decides whether it may be released."""

from collections.abc import Sequence

from sqlmodel import col, select

from services.digest.tables import Copy, Held, Verdict
from shared.events import VerdictIssued
from shared.work import Work


def foresee(events: Sequence[VerdictIssued], work: Work) -> None:
    """What is known already."""
    work.foresee(Verdict, [event.message_sha256 for event in events])


def on_verdict_issued(event: VerdictIssued, work: Work) -> None:
    """Keep the newest verdict of each mail; releases that wait for one go on."""
    known = work.find(Verdict, event.message_sha256)
    if known is None:
        work.new(
            Verdict,
            sha256=event.message_sha256,
            category=event.category,
            case_id=event.case_id,
            version=event.version,
            at=work.at,
        )
    elif known.case_id != event.case_id or known.version < event.version:
        known.category, known.case_id, known.version, known.at = (
            event.category,
            event.case_id,
            event.version,
            work.at,
        )
    mails = select(Held.held_id).where(Held.sha256 == event.message_sha256)
    waiting = work.load(
        Copy, col(Copy.held_id).in_(mails), col(Copy.release_at) > work.at, ~col(Copy.handing), Copy.failure == ""
    )
    for copy in waiting:
        copy.release_at = work.at

"""How the block list reacts: verdicts list and take back, people ask for entries and withdraw them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from services.blocklist.copies import forget_person
from services.blocklist.entries import Book, Wish, end, withdraw
from services.blocklist.rules.terms import LIFETIME, lists, short_of_quorum, takes_back
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import Claim, Entry, Judged, active
from shared.errors import Reject
from shared.events import (
    BlockOrigin,
    BlockRefused,
    BlockRequested,
    BlockWithdrawn,
    ErasureRequested,
    VerdictIssued,
    fact_id,
)
from shared.work import Work

#: Proposals of one verdict that are looked at: a mail has a handful of senders, hosts and files worth an entry.
PROPOSALS_MAX = 50

#: Claims that are looked up together with their verdicts: far more than a batch has.
FORESEEN_CLAIMS_MAX = 2_000

#: What a refusal repeats of a value, in characters: the value may be any length.
VALUE_SHOWN_MAX = 2_048


class Handlers:
    """The reactions; what a verdict may do by itself is a setting."""

    def __init__(self, settings: BlocklistSettings) -> None:
        self._book = Book(settings)
        self._policy = settings.auto_block
        self._quorum = settings.auto_block_quorum

    def foresee_verdicts(self, events: Sequence[VerdictIssued], work: Work) -> None:
        """What is known of these mails, and what their earlier verdicts listed."""
        claimants = [_claimant(event) for event in events]
        work.foresee(Judged, claimants)
        work.foresee_by(Claim, Claim.claimant, claimants, limit=FORESEEN_CLAIMS_MAX)

    def on_verdict_issued(self, event: VerdictIssued, work: Work) -> None:
        """List what a harmful verdict proposes; take back what an older one listed when the mail is not bad after all.

        A verdict supersedes older ones of the same mail only: another mail of the case cannot undo it.
        """
        claimant = _claimant(event)
        if not _is_newest(claimant, event.version, work):
            return
        if takes_back(category=event.category, analysers=event.analysers):
            if work.find_by(Claim, Claim.claimant, claimant) != []:
                withdraw(claimant, work)
        elif lists(policy=self._policy, category=event.category, confidence=event.confidence):
            work.overlook(Claim, Claim.claimant, claimant)
            why_not_yet = short_of_quorum(
                quorum=self._quorum, reports=event.report_count, verified=event.reporter_verified
            )
            origin = BlockOrigin(by="verdict", case_id=event.case_id, submission_id=event.submission_id)
            for block in dict.fromkeys(event.blocks[:PROPOSALS_MAX]):
                wish = Wish(
                    kind=block.kind,
                    value=block.value,
                    expires_at=work.at + LIFETIME,
                    origin=origin,
                    cause=event.event_id(),
                    claimant=claimant,
                    reported_at=event.reported_at,
                )
                _refuse(wish, why_not_yet, work) if why_not_yet else self._add(wish, work)

    def on_block_requested(self, event: BlockRequested, work: Work) -> None:
        """Make the entry that somebody asks for, or say why not."""
        days = timedelta(days=event.idle_days) if event.idle_days else LIFETIME
        expires_at = None if event.never_expires else event.expires_at or work.at + days
        wish = Wish(
            kind=event.kind,
            value=event.value,
            action=event.action,
            scope=event.scope,
            expires_at=expires_at,
            origin=event.origin,
            cause=event.request_id,
            idle_days=None if event.never_expires else event.idle_days,
        )
        self._add(wish, work)

    def on_block_withdrawn(self, event: BlockWithdrawn, work: Work) -> None:
        """End the entry, when it still stands."""
        entry = work.session.get(Entry, event.block_id)
        if entry and entry.status == "active":
            end(entry, work, by=event.by)

    def on_erasure_requested(self, event: ErasureRequested, work: Work) -> None:
        """A person's own entries end; those that ended before, and that the gateway has let go of, are forgotten."""
        own = col(Entry.scope) == event.address
        over = own & ~active() & (col(Entry.applied) >= col(Entry.generation))
        work.session.execute(delete(Entry).where(over))
        for entry in work.session.exec(select(Entry).where(own, active())).all():
            end(entry, work, by="erasure")
        forget_person(event.address, work)

    def _add(self, wish: Wish, work: Work) -> None:
        try:
            self._book.add(wish, work)
        except Reject as reason:
            _refuse(wish, str(reason), work)


def _refuse(wish: Wish, reason: str, work: Work) -> None:
    refused = BlockRefused(
        request_id=wish.cause,
        kind=wish.kind,
        value=wish.value[:VALUE_SHOWN_MAX],
        reason=reason,
        scope=wish.scope,
        origin=wish.origin,
    )
    work.emit(refused)


def _claimant(event: VerdictIssued) -> str:
    return fact_id("claim", event.case_id, event.message_sha256)


def _is_newest(claimant: str, version: int, work: Work) -> bool:
    """Remember the version, unless a newer one was seen."""
    judged = work.find(Judged, claimant)
    if judged is None:
        work.new(Judged, claimant=claimant, version=version)
        return True
    if judged.version >= version:
        return False
    judged.version = version
    return True

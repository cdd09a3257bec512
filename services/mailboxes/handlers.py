"""How mailboxes reacts: it remembers mails and who has them; verdicts and people ask for purges, approve and undo them."""

from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import col, select

from services.mailboxes.purges import VERDICT, Purges, purge_of
from services.mailboxes.rules.policy import takes_back, wants
from services.mailboxes.settings import MailboxesSettings
from services.mailboxes.tables import Judged, Known, Purge, Recipient
from shared.errors import Defer
from shared.events import (
    MessageFacts,
    PurgeApproved,
    PurgeMatch,
    PurgeRequested,
    PurgeWithdrawn,
    QuarantineHeld,
    ReportReceived,
    RestoreRequested,
    VerdictIssued,
    fact_id,
)
from shared.work import Work

#: Recipients of one mail that are remembered; who wants to reach more looks in all mailboxes.
RECIPIENTS_MAX = 1_000


class Handlers:
    """The reactions; what a verdict may do by itself is a setting."""

    def __init__(self, settings: MailboxesSettings, purges: Purges) -> None:
        self._settings = settings
        self._purges = purges

    def on_report_received(self, event: ReportReceived, work: Work) -> None:
        """A mail is known, and its reporter has it."""
        named = event.envelope.rcpt_to if event.envelope else ()
        self._remember(event.message, (event.reporter, *named), work)

    def on_quarantine_held(self, event: QuarantineHeld, work: Work) -> None:
        """A mail is known; copies of it may have been delivered before."""
        self._remember(event.message, event.envelope.rcpt_to, work)

    def on_verdict_issued(self, event: VerdictIssued, work: Work) -> None:
        """Ask for a purge of a harmful mail; undo it when a newer verdict takes that back."""
        key = (event.message_sha256, event.case_id)
        judged = work.session.get(Judged, key)
        if judged and judged.version >= event.version:
            return
        if judged is None:
            judged = Judged(sha256=key[0], case_id=key[1], version=event.version, judged_at=work.at)
            work.session.add(judged)
        judged.version, judged.category, judged.judged_at = event.version, event.category, work.at
        judged.purge = wants(policy=self._settings.auto_purge, category=event.category, confidence=event.confidence)
        if judged.purge:
            self._ask(judged, work)
        elif takes_back(category=event.category, analysers=event.analysers):
            self._take_back(judged, work)

    def on_purge_requested(self, event: PurgeRequested, work: Work) -> None:
        """Somebody asks for a purge."""
        self._purges.begin(event, work)

    def on_purge_approved(self, event: PurgeApproved, work: Work) -> None:
        """Somebody stands for a plan."""
        self._purges.approve(purge_of(event.purge_id, work), plan=event.plan, by=event.by, work=work, say=False)

    def on_purge_withdrawn(self, event: PurgeWithdrawn, work: Work) -> None:
        """Somebody does not want a purge. One that has begun, or has ended, goes its way: it can be restored."""
        purge = purge_of(event.purge_id, work)
        if purge.status in ("planning", "planned"):
            self._purges.withdraw(purge, f"withdrawn by {event.by}", work)

    def on_restore_requested(self, event: RestoreRequested, work: Work) -> None:
        """Somebody wants mails back."""
        if purge_of(event.purge_id, work).status in ("planning", "planned"):
            raise Defer("this purge has not begun")
        self._purges.restore(event, work)

    def _remember(self, message: MessageFacts, addresses: Iterable[str], work: Work) -> None:
        if work.session.get(Known, message.sha256) is None:
            facts = message.model_dump(include={"sha256", "message_id", "subject", "body_hash", "sketch"})
            work.session.add(Known(**facts, from_address=message.from_address.lower(), seen_at=work.at))
        for address in list(dict.fromkeys(filter(self._is_ours, map(str.lower, addresses))))[:RECIPIENTS_MAX]:
            if work.session.get(Recipient, (message.sha256, address)) is None:
                work.session.add(Recipient(sha256=message.sha256, address=address))
        waiting = select(Judged).where(Judged.sha256 == message.sha256, col(Judged.purge))
        for judged in work.session.exec(waiting).all():
            self._ask(judged, work)

    def _is_ours(self, address: str) -> bool:
        """Whether somebody of the organisation has this address: only they have a mailbox here."""
        domain = address.rpartition("@")[2]
        return bool(address) and (not self._settings.own_domains or domain in self._settings.own_domains)

    def _ask(self, judged: Judged, work: Work) -> None:
        """Ask for a purge of a judged mail, once its facts are known; a standing purge is enough."""
        mail = work.session.get(Known, judged.sha256)
        if mail is None or any(purge.outcome != "withdrawn" for purge in _by_verdict(judged, work)):
            return
        mailboxes: tuple[str, ...] = ()
        if self._settings.auto_purge_where == "recipients":
            query = select(Recipient.address).where(Recipient.sha256 == judged.sha256).order_by(col(Recipient.address))
            mailboxes = tuple(work.session.exec(query).all())
            if not mailboxes:
                return
        event = PurgeRequested(
            purge_id=fact_id("purge", VERDICT, judged.sha256, judged.case_id, judged.version),
            by=VERDICT,
            match=PurgeMatch(
                message_id=mail.message_id,
                from_address=mail.from_address,
                subject=mail.subject,
                body_hash=mail.body_hash,
                sketch=mail.sketch,
                since=work.at - timedelta(days=self._settings.auto_purge_days),
            ),
            mailboxes=mailboxes,
            message_sha256=judged.sha256,
            case_id=judged.case_id,
            reason=f"the verdict is {judged.category}",
            go=self._settings.auto_purge == "confident",
            tell_users=self._settings.purge_tell_users,
        )
        judged.purge = False
        work.emit(event)
        self._purges.begin(event, work)

    def _take_back(self, judged: Judged, work: Work) -> None:
        """Put back what a verdict took out."""
        for purge in _by_verdict(judged, work):
            if purge.status in ("planning", "planned"):
                self._purges.withdraw(purge, "a newer verdict takes it back", work)
            elif purge.status == "running" or purge.outcome == "done":
                event = RestoreRequested(
                    restore_id=fact_id("restore", purge.purge_id, judged.version),
                    purge_id=purge.purge_id,
                    by=VERDICT,
                    reason="a newer verdict takes it back",
                )
                work.emit(event)
                self._purges.restore(event, work)


def _by_verdict(judged: Judged, work: Work) -> list[Purge]:
    """The purges that verdicts of this mail in this case asked for."""
    query = select(Purge).where(Purge.message_sha256 == judged.sha256, Purge.case_id == judged.case_id)
    return list(work.session.exec(query.where(Purge.by == VERDICT)).all())

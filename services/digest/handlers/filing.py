"""A held mail is filed: a copy for each recipient, bound to the policy of this moment."""

from collections.abc import Sequence
from datetime import timedelta

from services.digest import text_index
from services.digest.letters.news import note_news
from services.digest.letters.tables import Mailbox
from services.digest.policybook import PolicyBook
from services.digest.rules.terms import canonical, place_of
from services.digest.tables import Copy, Held
from shared.events import QuarantineFiled, QuarantineHeld
from shared.work import Work

#: Recipients of one mail that get a copy; more than Postfix delivers in one go.
RECIPIENTS_MAX = 1000


class Filing:
    """The reaction to held mail."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book

    def foresee(self, events: Sequence[QuarantineHeld], work: Work) -> None:
        """Which of these are filed already, and whose digests they may be news for."""
        work.foresee(Held, [event.held_id for event in events])
        work.foresee(Mailbox, [canonical(one) for event in events for one in event.envelope.rcpt_to[:RECIPIENTS_MAX]])

    def on_quarantine_held(self, event: QuarantineHeld, work: Work) -> None:
        """Keep the mail for its recipients, and say what each may do with it."""
        if work.find(Held, event.held_id):
            return
        message, envelope = event.message, event.envelope
        place = place_of(held_at=event.held_at, held_id=event.held_id)
        work.new(
            Held,
            held_id=event.held_id,
            sha256=message.sha256,
            mail_from=envelope.mail_from,
            from_address=message.from_address,
            from_name=message.from_name,
            subject=message.subject,
            reason=event.reason,
            held_at=event.held_at,
            expires_at=event.expires_at,
            place=place,
            message_id=message.message_id,
            size_bytes=message.size_bytes,
            client_ip=envelope.client_ip,
            helo=envelope.helo,
            queue_id=event.queue_id,
        )
        text_index.add(work.session, place, message, envelope.mail_from)
        recipients = dict.fromkeys(map(canonical, envelope.rcpt_to[:RECIPIENTS_MAX]))
        note_news(recipients, event.held_at, work)
        for recipient in recipients:
            self._file(event, recipient, place, work)

    def _file(self, event: QuarantineHeld, recipient: str, place: int, work: Work) -> None:
        """One copy. It waits as long as its policy says, but not longer than the mail itself is kept."""
        bound = self._book.policies.bind(reason=event.reason, recipient=recipient)
        expires_at = min(event.expires_at, event.held_at + timedelta(days=bound.retention_days))
        sender = (event.message.from_address or event.envelope.mail_from).lower()
        work.new(
            Copy,
            held_id=event.held_id,
            recipient=recipient,
            expires_at=expires_at,
            place=place,
            reason=event.reason,
            sender=sender[:320],
            sender_domain=sender.rpartition("@")[2][:255],
            policy=bound.policy,
            permissions=" ".join(bound.permissions),
        )
        work.emit(
            QuarantineFiled(
                held_id=event.held_id,
                recipient=recipient,
                reason=event.reason,
                policy=bound.policy,
                permissions=bound.permissions,
                expires_at=expires_at,
            )
        )

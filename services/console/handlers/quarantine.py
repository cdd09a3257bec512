"""Held mail, what became of each recipient's copy, and the digests that told of it."""

from services.console.handlers.note import note
from services.console.rules.mail import texts_of
from services.console.rules.search import words_of
from services.console.rules.standing import copy_status
from services.console.tables import Copy, Held, HeldText, Notification, move, row_of, searchable
from services.console.words import CATEGORIES, REASONS, sentence
from shared.events import (
    NotificationSent,
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineFiled,
    QuarantineHeld,
    QuarantineRefused,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseDecided,
    ReleaseRequested,
)
from shared.work import Work


def on_quarantine_held(event: QuarantineHeld, work: Work) -> None:
    """A mail is held."""
    row = row_of(work, Held, event.held_id)
    is_new = not row.message
    row.at = min(row.at, event.held_at)
    row.subject, row.from_address = event.message.subject, event.message.from_address
    row.reason, row.score, row.symbols, row.expires_at = (
        event.reason,
        event.score,
        list(event.symbols),
        event.expires_at,
    )
    row.message = event.message.model_dump(mode="json")
    if is_new:
        searchable(work, HeldText, row.id, words_of(texts_of(row.message, event.envelope.model_dump(mode="json"))))
    for recipient in dict.fromkeys(event.envelope.rcpt_to):
        _stand(_copy(event.held_id, recipient, work), work)
    note(event, f"A mail is held: {sentence(REASONS, event.reason).lower()}", work, word=event.reason)


def on_quarantine_filed(event: QuarantineFiled, work: Work) -> None:
    """What a recipient may do is bound."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.policy, copy.permissions = event.policy, " ".join(event.permissions)


def on_quarantine_refused(event: QuarantineRefused, work: Work) -> None:
    """What somebody asked for could not be done. An approval that was refused is none."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.refused_ask, copy.failure = event.ask_id, event.reason
    if copy.decision_ask == event.ask_id:
        copy.decision = ""
    _stand(copy, work)
    note(event, f"Not done: {event.reason}", work, word="refused")


def on_release_requested(event: ReleaseRequested, work: Work) -> None:
    """A recipient asks for a mail."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.asked_at, copy.comment = copy.asked_at or work.said_at, event.comment
    _stand(copy, work)
    note(event, "A recipient asks for a held mail", work, word="release_requested")


def on_release_decided(event: ReleaseDecided, work: Work) -> None:
    """An operator decided."""
    copy = _copy(event.held_id, event.recipient, work)
    refused = copy.refused_ask == event.event_id()
    copy.decision, copy.decision_ask = "" if refused else event.decision, event.event_id()
    copy.decided_at, copy.decided_by, copy.answer = work.said_at, event.by, event.comment
    _stand(copy, work)
    note(event, f"A release was {event.decision}", work, word=event.decision)


def on_quarantine_released(event: QuarantineReleased, work: Work) -> None:
    """A copy was handed to the gateway again."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.released_at, copy.released_by = work.said_at, event.by
    _stand(copy, work)
    note(event, "A held mail was released", work, word="released")


def on_quarantine_release_failed(event: QuarantineReleaseFailed, work: Work) -> None:
    """A release did not work."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.attempts, copy.failure = max(copy.attempts, event.attempts), event.reason
    _stand(copy, work)
    note(event, f"A release did not work: {event.reason}", work, word="failed")


def on_quarantine_deleted(event: QuarantineDeleted, work: Work) -> None:
    """A copy was deleted."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.deleted_at, copy.deleted_by = work.said_at, event.by
    _stand(copy, work)
    note(event, "A held mail was deleted", work, word="deleted")


def on_quarantine_expired(event: QuarantineExpired, work: Work) -> None:
    """A copy's time was over."""
    copy = _copy(event.held_id, event.recipient, work)
    copy.expired_at = work.said_at
    _stand(copy, work)
    note(event, "A held mail expired", work, word="expired")


def on_notification_sent(event: NotificationSent, work: Work) -> None:
    """Somebody was told something by mail."""
    row = row_of(work, Notification, event.notification_id)
    row.kind, row.recipient, row.message_id, row.item_count = (
        event.kind,
        event.recipient,
        event.message_id,
        event.item_count,
    )
    note(event, told_line(event), work, word=event.category or "")


def told_line(event: NotificationSent) -> str:
    """Who was told what."""
    person = event.recipient
    if event.kind == "digest":
        return f"A digest of {event.item_count} mail{'' if event.item_count == 1 else 's'} left for {person}"
    words = {
        "answer": sentence(CATEGORIES, event.category).lower() if event.category else "the report has arrived",
        "decision": "an operator has decided about a held mail",
        "purge": "a mail was taken out of the mailbox",
    }
    return f"{person} was told by mail: {words[event.kind]}"


def _copy(held_id: str, recipient: str, work: Work) -> Copy:
    local, at, domain = recipient.rpartition("@")
    address = f"{local}{at}{domain.lower()}"
    copy = row_of(work, Copy, f"{held_id}/{address}")
    copy.held_id, copy.recipient = held_id, address
    return copy


def _stand(copy: Copy, work: Work) -> None:
    before = copy.status
    copy.status = copy_status(
        asked=copy.asked_at is not None,
        decision=copy.decision,
        failed=copy.attempts > 0,
        released=copy.released_at is not None,
        deleted=copy.deleted_at is not None,
        expired=copy.expired_at is not None,
    )
    move(work, "copy", before if copy.tallied else "", copy.status)
    copy.tallied = True

"""What a replay brings back of what people asked for, and of the work of jobs: nobody is told or given anything twice."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import col, select

from services.digest.letters.tables import Mail, Mailbox, digest_of
from services.digest.rules.standing import OPEN
from services.digest.tables import Answer, Copy
from shared.errors import Defer
from shared.events import (
    Event,
    NotificationSent,
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineFiled,
    QuarantineRefused,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseRequested,
)
from shared.work import Work


def filed(event: QuarantineFiled, work: Work) -> None:
    """What its recipient may do was bound then, by a policy that may be another now."""
    copy = _copy(event, work)
    copy.policy, copy.permissions, copy.expires_at = event.policy, " ".join(event.permissions), event.expires_at


def requested(event: ReleaseRequested, work: Work) -> None:
    """Its recipient asked for it."""
    copy = _copy(event, work)
    copy.asked_at, copy.comment = work.at, event.comment
    if copy.status == "held":
        copy.status, copy.due_at = "release_requested", event.due_at


def refused(event: QuarantineRefused, work: Work) -> None:
    """It was asked for and could not be done: a release does not go on."""
    copy = work.session.get(Copy, (event.held_id, event.recipient))
    if copy and event.ask_id == copy.release_ask:
        copy.release_at = None


def released(event: QuarantineReleased, work: Work) -> None:
    """It went out."""
    copy = _copy(event, work)
    copy.status, copy.release_by, copy.release_at, copy.due_at = "released", event.by, None, None


def release_failed(event: QuarantineReleaseFailed, work: Work) -> None:
    """A try to hand it out failed; after the last one it waits for people again."""
    copy = _copy(event, work)
    copy.attempts, copy.failure = event.attempts, event.reason
    if event.final:
        copy.release_at = None


def deleted(event: QuarantineDeleted, work: Work) -> None:
    """It was thrown away."""
    copy = _copy(event, work)
    copy.status, copy.release_at, copy.due_at = "deleted", None, None


def expired(event: QuarantineExpired, work: Work) -> None:
    """Its time was over."""
    copy = _copy(event, work)
    if copy.status in OPEN:
        copy.status, copy.release_at, copy.due_at = "expired", None, None


def told(event: NotificationSent, work: Work) -> None:
    """A digest left: it told of what its mailbox had not been told of, the oldest first. Each of its letters says so."""
    if event.kind == "decision" and (answer := work.session.get(Answer, event.notification_id)):
        answer.due_at = None
    if event.kind != "digest" or work.session.get(Mail, event.notification_id) is not None:
        return
    digest_id, address = digest_of(event.notification_id), event.mailbox or event.recipient
    work.session.add(
        Mail(
            mail_id=event.notification_id,
            recipient=event.recipient,
            mailbox=event.mailbox,
            decided_at=work.at,
            item_count=event.item_count,
        )
    )
    if (
        work.session.exec(select(Copy).where(Copy.recipient == address, Copy.mail_id == digest_id).limit(1)).first()
        is not None
    ):
        return
    untold = (
        select(Copy)
        .where(Copy.recipient == address, Copy.mail_id == "")
        .order_by(col(Copy.expires_at), col(Copy.held_id))
    )
    for copy in work.session.exec(untold.limit(event.item_count)).all():
        copy.mail_id = digest_id
    if mailbox := work.session.get(Mailbox, address):
        mailbox.told_at = work.at


def _copy(event: Any, work: Work) -> Copy:
    """The copy that a fact is about.

    Raises:
        Defer: it comes later, for streams have no order between them.
    """
    copy = work.session.get(Copy, (event.held_id, event.recipient))
    if copy is None:
        raise Defer("the held mail is not here yet")
    return copy


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {
    QuarantineFiled: filed,
    QuarantineRefused: refused,
    ReleaseRequested: requested,
    QuarantineReleased: released,
    QuarantineReleaseFailed: release_failed,
    QuarantineDeleted: deleted,
    QuarantineExpired: expired,
    NotificationSent: told,
}

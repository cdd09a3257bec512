"""What a replay brings back of what people asked for, and of the work of jobs: nobody is told or given anything twice."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import col, select

from services.digest.letters.tables import Mail, Mailbox, digest_of
from services.digest.rules import OPEN
from services.digest.tables import Copy
from shared.errors import Defer
from shared.events import (
    Event,
    NotificationSent,
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseRequested,
)
from shared.work import Work


def requested(event: ReleaseRequested, work: Work) -> None:
    """Its recipient asked for it."""
    copy = _copy(event, work)
    if copy.status == "held":
        copy.status = "release_requested"


def released(event: QuarantineReleased, work: Work) -> None:
    """It went out."""
    copy = _copy(event, work)
    copy.status, copy.release_by, copy.release_at = "released", event.by, None


def release_failed(event: QuarantineReleaseFailed, work: Work) -> None:
    """A try to hand it out failed."""
    _copy(event, work).attempts = event.attempts


def deleted(event: QuarantineDeleted, work: Work) -> None:
    """It was thrown away."""
    copy = _copy(event, work)
    copy.status, copy.release_at = "deleted", None


def expired(event: QuarantineExpired, work: Work) -> None:
    """Its time was over."""
    copy = _copy(event, work)
    if copy.status in OPEN:
        copy.status, copy.release_at = "expired", None


def told(event: NotificationSent, work: Work) -> None:
    """A digest left: it told of what its mailbox had not been told of, the oldest first. Each of its letters says so."""
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
    if work.session.exec(select(Copy).where(Copy.mail_id == digest_id).limit(1)).first() is not None:
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
    ReleaseRequested: requested,
    QuarantineReleased: released,
    QuarantineReleaseFailed: release_failed,
    QuarantineDeleted: deleted,
    QuarantineExpired: expired,
    NotificationSent: told,
}

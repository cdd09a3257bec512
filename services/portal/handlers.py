"""How portal learns what became of held mails. Each event may come before the others: a row is made by whichever is first."""

from sqlmodel import col, select

from services.portal.rules.standing import later
from services.portal.tables import Ask, Copy, Held, Verdict
from shared.events import (
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineFiled,
    QuarantineHeld,
    QuarantineRefused,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseDecided,
    ReleaseRequested,
    VerdictIssued,
)
from shared.events.vocabulary import QuarantineStatus
from shared.work import Work


def on_quarantine_held(event: QuarantineHeld, work: Work) -> None:
    """A mail is held; who has a copy is told by `quarantine.filed`."""
    if work.session.get(Held, event.held_id):
        return
    message = event.message
    work.session.add(
        Held(
            held_id=event.held_id,
            sha256=message.sha256,
            mail_from=event.envelope.mail_from,
            from_address=message.from_address,
            from_name=message.from_name,
            subject=message.subject,
            reason=event.reason,
            held_at=event.held_at,
            expires_at=event.expires_at,
            spf=message.authentication.spf or "",
            dkim=message.authentication.dkim or "",
            dmarc=message.authentication.dmarc or "",
        )
    )


def on_quarantine_filed(event: QuarantineFiled, work: Work) -> None:
    """What a recipient may do with their copy is bound."""
    copy = copy_of(event.held_id, event.recipient, work)
    copy.policy, copy.permissions, copy.expires_at = event.policy, " ".join(event.permissions), event.expires_at


def on_quarantine_refused(event: QuarantineRefused, work: Work) -> None:
    """What was asked for could not be done."""
    ask = work.session.get(Ask, event.ask_id)
    if ask is None:
        ask = Ask(
            ask_id=event.ask_id, held_id=event.held_id, recipient=event.recipient, act=event.act, asked_at=work.at
        )
        work.session.add(ask)
    ask.outcome, ask.code = "refused", event.code


def on_release_requested(event: ReleaseRequested, work: Work) -> None:
    """An operator has to decide."""
    _stands(event.held_id, event.recipient, "release_requested", work)
    _is_done(event.held_id, event.recipient, ("request", "release"), work)


def on_release_decided(event: ReleaseDecided, work: Work) -> None:
    """An operator decided; an approval is told once the mail is out."""
    copy = copy_of(event.held_id, event.recipient, work)
    copy.comment = event.comment
    if event.decision == "denied":
        _stands(event.held_id, event.recipient, "denied", work)
    _is_done(event.held_id, event.recipient, ("request", "release"), work)


def on_quarantine_released(event: QuarantineReleased, work: Work) -> None:
    """It is on its way to the mailbox."""
    _stands(event.held_id, event.recipient, "released", work)
    _is_done(event.held_id, event.recipient, ("request", "release"), work)


def on_quarantine_release_failed(event: QuarantineReleaseFailed, work: Work) -> None:
    """A release did not work, yet."""
    copy = copy_of(event.held_id, event.recipient, work)
    copy.attempts = max(copy.attempts, event.attempts)


def on_quarantine_deleted(event: QuarantineDeleted, work: Work) -> None:
    """It is gone."""
    _stands(event.held_id, event.recipient, "deleted", work)
    _is_done(event.held_id, event.recipient, ("delete",), work)


def on_quarantine_expired(event: QuarantineExpired, work: Work) -> None:
    """Its time was over."""
    _stands(event.held_id, event.recipient, "expired", work)


def on_verdict_issued(event: VerdictIssued, work: Work) -> None:
    """What a mail is; a later version replaces an earlier one."""
    verdict = work.session.get(Verdict, event.message_sha256)
    if verdict is None:
        verdict = Verdict(
            sha256=event.message_sha256, version=event.version, category=event.category, issued_at=work.at
        )
        work.session.add(verdict)
    elif event.version >= verdict.version:
        verdict.version, verdict.category, verdict.issued_at = event.version, event.category, work.at


def copy_of(held_id: str, recipient: str, work: Work) -> Copy:
    """A recipient's copy, made when no event told of it before."""
    copy = work.session.get(Copy, (held_id, recipient))
    if copy is None:
        copy = Copy(held_id=held_id, recipient=recipient)
        work.session.add(copy)
    return copy


def _stands(held_id: str, recipient: str, status: QuarantineStatus, work: Work) -> None:
    copy = copy_of(held_id, recipient, work)
    copy.status = later(known=copy.status, told=status)


def _is_done(held_id: str, recipient: str, acts: tuple[str, ...], work: Work) -> None:
    """What was asked for has happened."""
    mine = (Ask.held_id == held_id, Ask.recipient == recipient, Ask.outcome == "", col(Ask.act).in_(acts))
    for ask in work.session.exec(select(Ask).where(*mine)).all():
        ask.outcome = "done"

"""What recipients ask for: done as far as what was bound for their copy, and where it stands, allow; each once."""

from dataclasses import dataclass
from datetime import timedelta

from services.digest.rules.standing import WHY_NOT, Act, after, refusal
from services.digest.rules.terms import canonical
from services.digest.settings import DigestSettings
from services.digest.tables import Copy, Held, Verdict
from shared.events import (
    BlockOrigin,
    BlockRequested,
    MailEnvelope,
    QuarantineAsked,
    QuarantineDeleted,
    QuarantineRefused,
    ReleaseRequested,
    SubmissionRequested,
    fact_id,
)
from shared.events.vocabulary import BlockAction, QuarantineAct, QuarantineRefusal
from shared.work import Work


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants done to a copy; `ask_id` makes what follows from it one fact."""

    act: QuarantineAct
    by: str
    ask_id: str
    comment: str = ""


class Asking:
    """What a recipient does to their copy."""

    def __init__(self, settings: DigestSettings) -> None:
        self._due = timedelta(hours=settings.release_due_hours)
        self._fresh = timedelta(hours=settings.release_verdict_hours)
        self._patience = timedelta(seconds=settings.release_verdict_wait_s)

    def on_quarantine_asked(self, event: QuarantineAsked, work: Work) -> None:
        """Do what a recipient asked for on a page of theirs, or say why not."""
        copy = work.session.get(Copy, (event.held_id, canonical(event.recipient)))
        ask = Ask(event.act, event.by, event.ask_id, event.comment)
        if code := self.do(copy, ask, work) if copy else "unknown_mail":
            refuse((event.held_id, event.recipient), event.act, code, event.ask_id, work)

    def do(self, copy: Copy, ask: Ask, work: Work) -> QuarantineRefusal | None:
        """Do one thing; why not, when nothing was done."""
        held = work.session.get_one(Held, copy.held_id)
        verdict = work.session.get(Verdict, held.sha256)
        if code := why_not(copy, ask.act, work, verdict):
            return code
        match ask.act:
            case "release":
                self._release(copy, held, verdict, ask, work)
            case "request":
                copy.asked_at, copy.due_at, copy.comment = work.at, work.at + self._due, ask.comment
                about = {"held_id": copy.held_id, "recipient": copy.recipient}
                work.emit(ReleaseRequested(**about, comment=ask.comment, due_at=copy.due_at))
            case "delete":
                work.emit(QuarantineDeleted(held_id=copy.held_id, recipient=copy.recipient, by=ask.by))
            case "submit":
                submit(held, copy.recipient, ask, work)
            case "block" | "allow":
                return sender_entry(held, ask.act, copy.recipient, ask, work)
        copy.status = after(act=ask.act, status=copy.status)
        return None

    def _release(self, copy: Copy, held: Held, verdict: Verdict | None, ask: Ask, work: Work) -> None:
        """Let it go: at once when its verdict is young, else when the analysis that is asked for now has answered."""
        copy.release_at, copy.release_by, copy.release_ask = work.at, ask.by, ask.ask_id
        copy.override, copy.failure = False, ""
        if self._patience and (verdict is None or verdict.at < work.at - self._fresh):
            copy.release_at = work.at + self._patience
            submit(held, copy.recipient, ask, work)


def why_not(
    copy: Copy, act: Act, work: Work, verdict: Verdict | None, *, override: bool = False
) -> QuarantineRefusal | None:
    """Why an act is not possible with this copy now."""
    return refusal(
        act=act,
        status=copy.status,
        releasing=copy.release_at is not None,
        over=copy.expires_at <= work.at,
        permissions=copy.permissions.split(),
        verdict=verdict.category if verdict else "",
        override=override,
    )


def sender_entry(held: Held, action: BlockAction, scope: str, ask: Ask, work: Work) -> QuarantineRefusal | None:
    """Block or allow the sender of a mail."""
    sender = held.from_address or held.mail_from
    if not sender:
        return "no_sender"
    work.emit(
        BlockRequested(
            request_id=fact_id("block", "quarantine", ask.ask_id),
            kind="address",
            value=sender,
            action=action,
            scope=scope,
            origin=BlockOrigin(by=ask.by, held_id=held.held_id, note=f"{action}ed from the quarantine"),
        )
    )
    return None


def submit(held: Held, recipient: str, ask: Ask, work: Work) -> None:
    """Have the mail analysed with what is known today."""
    case_id = fact_id("case", "held", held.sha256)
    envelope = MailEnvelope(mail_from=held.mail_from, rcpt_to=(recipient,), client_ip=held.client_ip, helo=held.helo)
    work.emit(
        SubmissionRequested(
            request_id=fact_id("submission", case_id, ask.ask_id),
            case_id=case_id,
            message_sha256=held.sha256,
            category="not_junk",
            reporter=recipient,
            envelope=envelope,
            sender=held.from_address,
            subject=held.subject,
            by=ask.by,
            comment=ask.comment,
        )
    )


def refuse(copy_key: tuple[str, str], act: QuarantineAct, code: QuarantineRefusal, ask_id: str, work: Work) -> None:
    """Say that nothing was done, and why."""
    held_id, recipient = copy_key
    work.emit(
        QuarantineRefused(held_id=held_id, recipient=recipient, ask_id=ask_id, act=act, code=code, reason=WHY_NOT[code])
    )

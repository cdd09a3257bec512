"""How digest reacts: a held mail gets a copy for each recipient; an operator's decision is carried out."""

from services.digest.letters.news import note_news
from services.digest.rules import SELF_RELEASE, Act, after, refusal
from services.digest.tables import Copy, Held
from shared.errors import Defer, Reject
from shared.events import (
    BlockOrigin,
    BlockRequested,
    QuarantineAsked,
    QuarantineDeleted,
    QuarantineFiled,
    QuarantineHeld,
    QuarantineRefused,
    ReleaseDecided,
    ReleaseRequested,
    SubmissionRequested,
    fact_id,
)
from shared.events.vocabulary import QuarantinePermission
from shared.work import Work

#: Recipients of one mail that get a copy; more than Postfix delivers in one go.
RECIPIENTS_MAX = 1000


def on_quarantine_held(event: QuarantineHeld, work: Work) -> None:
    """Keep the mail for its recipients."""
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
        )
    )
    recipients = dict.fromkeys(map(canonical, event.envelope.rcpt_to[:RECIPIENTS_MAX]))
    note_news(recipients, event.held_at, work)
    work.session.add_all(
        Copy(held_id=event.held_id, recipient=recipient, expires_at=event.expires_at) for recipient in recipients
    )
    may_release: QuarantinePermission = "release" if event.reason in SELF_RELEASE else "request"
    for recipient in recipients:
        work.emit(
            QuarantineFiled(
                held_id=event.held_id,
                recipient=recipient,
                reason=event.reason,
                policy="default",
                permissions=(may_release, "preview", "block", "submit", "delete"),
                expires_at=event.expires_at,
            )
        )


def on_quarantine_asked(event: QuarantineAsked, work: Work) -> None:
    """Do what a recipient asked for on their page, or say why not.

    Raises:
        Defer: there is no such copy yet.
    """
    copy = work.session.get(Copy, (event.held_id, canonical(event.recipient)))
    if copy is None:
        raise Defer("the held mail that somebody asks for is not here yet")
    why_not = ""
    if event.act == "block":
        block_sender(copy, work)
    elif event.act == "submit":
        submit(copy, work)
    elif event.act == "allow":
        why_not = "Senders are allowed by operators only."
    else:
        why_not = act(copy, event.act, event.by, work)
    if why_not:
        work.emit(
            QuarantineRefused(
                held_id=event.held_id,
                recipient=copy.recipient,
                ask_id=event.ask_id,
                act=event.act,
                code="not_permitted",
                reason=why_not,
            )
        )


def on_release_decided(event: ReleaseDecided, work: Work) -> None:
    """Carry a decision out. The mail it is about may come later: streams have no order between them.

    Raises:
        Defer: there is no such copy yet.
    """
    copy = work.session.get(Copy, (event.held_id, canonical(event.recipient)))
    if copy is None:
        raise Defer("the held mail that was decided about is not here yet")
    act(copy, "approve" if event.decision == "approved" else "deny", event.by, work)


def act(copy: Copy, wanted: Act, by: str, work: Work) -> str:
    """Do one thing to a copy; the reason in words when it cannot be done, and nothing then happened."""
    held = work.session.get_one(Held, copy.held_id)
    if why_not := refusal(act=wanted, status=copy.status, reason=held.reason):
        return why_not
    if wanted in ("approve", "release"):
        copy.release_at, copy.release_by = copy.release_at or work.at, by
        return ""
    copy.status = after(act=wanted)
    if wanted == "request":
        work.emit(ReleaseRequested(held_id=copy.held_id, recipient=copy.recipient))
    elif wanted == "delete":
        work.emit(QuarantineDeleted(held_id=copy.held_id, recipient=copy.recipient, by=by))
    return ""


def block_sender(copy: Copy, work: Work) -> None:
    """The recipient wants no more of this sender: for them alone.

    Raises:
        Reject: the mail names no sender's address.
    """
    held = work.session.get_one(Held, copy.held_id)
    sender = held.from_address or held.mail_from
    if not sender:
        raise Reject("this mail names no sender that could be blocked")
    origin = BlockOrigin(by=copy.recipient, held_id=copy.held_id, note="blocked from a digest")
    request_id = fact_id("block", "digest", copy.recipient, sender)
    work.emit(BlockRequested(request_id=request_id, kind="address", value=sender, scope=copy.recipient, origin=origin))


def submit(copy: Copy, work: Work) -> None:
    """Somebody wants to know what this mail is."""
    held = work.session.get_one(Held, copy.held_id)
    case_id = fact_id("case", "held", held.sha256)
    request_id = fact_id("submission", case_id, held.sha256)
    work.emit(
        SubmissionRequested(
            request_id=request_id,
            case_id=case_id,
            message_sha256=held.sha256,
            category="not_junk",
            reporter=copy.recipient,
        )
    )


def canonical(address: str) -> str:
    """An address as rows know it: the domain in lower case (RFC 5321, section 2.4), no brackets."""
    local, at, domain = address.strip().strip("<>").rpartition("@")
    return f"{local}{at}{domain.lower()}"[:320]

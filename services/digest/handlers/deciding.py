"""What operators decide about copies. Their decision is an event, whether it was made here or at the console."""

from typing import Literal

from services.digest.handlers.asking import refuse, why_not
from services.digest.rules.terms import canonical
from services.digest.tables import Answer, Copy, Held, Verdict
from shared.errors import Defer
from shared.events import QuarantineDeleted, ReleaseDecided, fact_id
from shared.events.vocabulary import QuarantineRefusal
from shared.work import Work

Outcome = Literal["approved", "denied", "refused"]


def on_release_decided(event: ReleaseDecided, work: Work) -> None:
    """Carry a decision out, once. The mail it is about may come later: streams have no order between them.

    Raises:
        Defer: there is no such copy yet.
    """
    copy = work.session.get(Copy, (event.held_id, canonical(event.recipient)))
    if copy is None:
        raise Defer("the held mail that was decided about is not here yet")
    if copy.decision_ask == event.event_id():
        return
    if code := decide(copy, event, work):
        refuse((copy.held_id, copy.recipient), "release", code, event.event_id(), work)


def decide(copy: Copy, decision: ReleaseDecided, work: Work) -> QuarantineRefusal | None:
    """Approve or deny; why not, when nothing was done."""
    held = work.session.get_one(Held, copy.held_id)
    verdict = work.session.get(Verdict, held.sha256)
    approved = decision.decision == "approved"
    if code := why_not(copy, "approve" if approved else "deny", work, verdict, override=decision.override):
        return code
    copy.decided_by, copy.answer = decision.by, decision.comment
    copy.decision_ask = copy.release_ask = decision.event_id()
    if approved:
        copy.release_at, copy.release_by, copy.override, copy.failure = work.at, decision.by, decision.override, ""
        return None
    copy.status, copy.due_at = "denied", None
    answer(copy, "denied", work)
    return None


def remove(copy: Copy, by: str, work: Work) -> QuarantineRefusal | None:
    """Delete a copy for an operator; why not, when nothing was done."""
    if code := why_not(copy, "remove", work, None):
        return code
    copy.status, copy.due_at = "deleted", None
    work.emit(QuarantineDeleted(held_id=copy.held_id, recipient=copy.recipient, by=by))
    return None


def answer(copy: Copy, outcome: Outcome, work: Work) -> None:
    """Owe the recipient an answer by mail, when they asked."""
    if copy.asked_at is None and outcome != "refused":
        return
    answer_id = fact_id("answer", copy.held_id, copy.recipient, outcome)
    if work.session.get(Answer, answer_id) is None:
        work.session.add(
            Answer(
                answer_id=answer_id,
                held_id=copy.held_id,
                recipient=copy.recipient,
                outcome=outcome,
                comment=copy.answer,
                at=work.at,
                due_at=work.at,
            )
        )

"""What a recipient's button does: one row, one event, once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlmodel import Session, col, select

from services.portal.rules.standing import Asked, Standing, acts_of, permissions_of, standing_of
from services.portal.tables import Ask, Copy, Held, Preference, Verdict
from shared.events import DigestPreferred, QuarantineAsked, fact_id
from shared.events.vocabulary import QuarantineAct, QuarantinePermission
from shared.work import Work


@dataclass(frozen=True, slots=True)
class Look:
    """One recipient's copy with everything that its page tells."""

    held: Held
    copy: Copy
    asks: tuple[Ask, ...]
    verdict: str
    standing: Standing
    permissions: frozenset[QuarantinePermission]
    acts: tuple[QuarantineAct, ...]
    expires_at: datetime


def look_at(held_id: str, recipient: str, session: Session, at: datetime) -> Look | None:
    """What is known of a copy; None while nothing is, or no more."""
    held, copy = session.get(Held, held_id), session.get(Copy, (held_id, recipient))
    if held is None or copy is None:
        return None
    mine = select(Ask).where(Ask.held_id == held_id, Ask.recipient == recipient).order_by(col(Ask.asked_at))
    asks = tuple(session.exec(mine).all())
    verdict = session.get(Verdict, held.sha256)
    facts = [Asked(ask.act, ask.outcome, ask.code) for ask in asks]
    expires_at = copy.expires_at or held.expires_at
    standing = standing_of(status=copy.status, attempts=copy.attempts, asks=facts, expires_at=expires_at, at=at)
    permissions = permissions_of(policy=copy.policy, permissions=copy.permissions, reason=held.reason)
    acts = acts_of(permissions=permissions, standing=standing, asks=facts, verdict=verdict.category if verdict else "")
    return Look(held, copy, asks, verdict.category if verdict else "", standing, permissions, acts, expires_at)


def ask(held_id: str, recipient: str, act: str, comment: str, work: Work) -> bool:
    """Ask for one act, when it may be asked for now; whether it was. A second press finds it asked for."""
    look = look_at(held_id, recipient, work.session, work.at)
    possible = next((one for one in look.acts if one == act), None) if look else None
    if look is None or possible is None:
        return False
    number = sum(1 for one in look.asks if one.act == act)
    ask_id = fact_id("ask", held_id, recipient, act, number)
    work.session.add(Ask(ask_id=ask_id, held_id=held_id, recipient=recipient, act=act, asked_at=work.at))
    work.emit(
        QuarantineAsked(
            ask_id=ask_id, held_id=held_id, recipient=recipient, act=possible, by=recipient, comment=comment
        )
    )
    return True


def prefer(event: DigestPreferred, work: Work) -> None:
    """Keep a preference; what is left out stays as it was."""
    row = work.session.get(Preference, event.recipient)
    if row is None:
        row = Preference(recipient=event.recipient, at=event.at)
        work.session.add(row)
    row.frequency, row.language, row.zone = (
        row.frequency if event.frequency is None else event.frequency,
        row.language if event.language is None else event.language,
        row.zone if event.zone is None else event.zone,
    )
    row.every_hours = row.every_hours if event.every_hours is None else event.every_hours
    row.hour = row.hour if event.hour is None else event.hour
    row.at = event.at


def new_preference_id() -> str:
    """The id of a preference: saying the same again later is another fact."""
    return str(uuid4())

"""What submission forgets: a person's envelopes when they ask for it, analyses and verdicts after their time."""

from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import col

from services.submission.tables import Item, Verdict
from shared.events import ErasureRequested
from shared.work import Work


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget the envelopes with a person's address; an analysis that is still to come goes without."""
    mine = func.lower(Item.envelope).contains(event.address, autoescape=True)
    work.session.execute(update(Item).where(mine).values(envelope=""))
    work.session.execute(update(Item).where(col(Item.sender) == event.address).values(sender=""))


def forget(before: datetime, work: Work) -> None:
    """Forget what ended before a time."""
    work.session.execute(delete(Item).where(col(Item.open).is_(False), col(Item.asked_at) < before))
    work.session.execute(delete(Verdict).where(col(Verdict.issued_at) < before))

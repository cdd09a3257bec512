"""What triage forgets: whom it answers. The rest of its rows are ids and hashes."""

from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import col

from services.triage.tables import Answer
from shared.events import ErasureRequested
from shared.work import Work


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget a reporter: they get no answer any more."""
    work.session.execute(delete(Answer).where(func.lower(Answer.reporter) == event.address))


def forget(before: datetime, work: Work) -> None:
    """Forget old answers."""
    work.session.execute(delete(Answer).where(col(Answer.reported_at) < before))

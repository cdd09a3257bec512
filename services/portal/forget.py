"""What portal forgets: a person's mails and wishes when they ask for it, everybody's mails after their time."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_
from sqlmodel import col, select

from services.portal.tables import Ask, Copy, Held, Preference, Verdict
from shared.events import ErasureRequested
from shared.rows import IN_MAX
from shared.work import Work, chunks


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget what a person was held, asked for and preferred, and what they sent to others."""
    address = event.address
    theirs = set(work.session.exec(select(Copy.held_id).where(func.lower(Copy.recipient) == address)).all())
    work.session.execute(delete(Copy).where(func.lower(Copy.recipient) == address))
    work.session.execute(delete(Ask).where(func.lower(Ask.recipient) == address))
    work.session.execute(delete(Preference).where(func.lower(Preference.recipient) == address))
    for some in chunks(sorted(theirs), IN_MAX):
        nobodys = ~exists().where(col(Copy.held_id) == Held.held_id)
        _drop(and_(col(Held.held_id).in_(some), nobodys), work)
    _drop(or_(func.lower(Held.mail_from) == address, func.lower(Held.from_address) == address), work)


def forget(before: datetime, work: Work) -> None:
    """Forget mails that expired before a time, and verdicts of that time."""
    _drop(col(Held.expires_at) < before, work)
    work.session.execute(delete(Copy).where(col(Copy.expires_at) < before))
    work.session.execute(delete(Verdict).where(col(Verdict.issued_at) < before))


def _drop(which: ColumnElement[bool], work: Work) -> None:
    """Held mails with their copies and what was asked for."""
    mine = select(Held.held_id).where(which)
    work.session.execute(delete(Copy).where(col(Copy.held_id).in_(mine)))
    work.session.execute(delete(Ask).where(col(Ask.held_id).in_(mine)))
    work.session.execute(delete(Held).where(which))

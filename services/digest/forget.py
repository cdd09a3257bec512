"""What digest forgets: a person's mails and copies when they ask for it, everybody's after their time."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, or_
from sqlmodel import col, select

from services.digest import text_index
from services.digest.letters.tables import Mail, Mailbox, Preference
from services.digest.tables import Answer, Copy, Held, Verdict
from shared.events import ErasureRequested
from shared.work import Work


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget what a person was held or sent, and what they sent to others; nothing of it is released any more."""
    address = event.address
    work.session.execute(delete(Copy).where(func.lower(Copy.recipient) == address))
    work.session.execute(
        delete(Mail).where(or_(func.lower(Mail.recipient) == address, func.lower(Mail.mailbox) == address))
    )
    work.session.execute(delete(Mailbox).where(func.lower(Mailbox.address) == address))
    work.session.execute(delete(Preference).where(col(Preference.address) == address))
    work.session.execute(delete(Answer).where(func.lower(Answer.recipient) == address))
    _drop(or_(func.lower(Held.mail_from) == address, func.lower(Held.from_address) == address), work)
    _drop(~exists().where(col(Copy.held_id) == Held.held_id), work)


def forget(before: datetime, work: Work) -> None:
    """Forget what nobody could ask for any more before a time."""
    _drop(col(Held.expires_at) < before, work)
    work.session.execute(delete(Mail).where(col(Mail.decided_at) < before, col(Mail.due_at).is_(None)))
    work.session.execute(delete(Mailbox).where(col(Mailbox.news_at).is_(None), col(Mailbox.told_at) < before))
    work.session.execute(delete(Answer).where(col(Answer.at) < before))
    work.session.execute(delete(Verdict).where(col(Verdict.at) < before))


def _drop(which: ColumnElement[bool], work: Work) -> None:
    """Held mails with their copies and words."""
    mine = select(Held.held_id).where(which)
    text_index.drop(work.session, work.session.exec(select(Held.place).where(which)).all())
    work.session.execute(delete(Copy).where(col(Copy.held_id).in_(mine)))
    work.session.execute(delete(Held).where(which))

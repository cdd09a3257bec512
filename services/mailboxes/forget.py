"""What mailboxes forgets: a person's mails and mailbox, and what is old."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import col, select

from services.mailboxes.tables import Box, Judged, Known, Move, Purge, Recipient, Restore
from shared.events import ErasureRequested
from shared.work import Work


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget a person: mails from them, that they have them, and what was done in their mailbox.

    A purge that is under way still does its work there, and is forgotten with the rest after its time.
    """
    address = event.address.lower()
    work.session.execute(delete(Known).where(col(Known.from_address) == address))
    work.session.execute(delete(Recipient).where(col(Recipient.address) == address))
    at_rest = select(Box.purge_id).where(Box.mailbox == address, Box.task == "")
    work.session.execute(delete(Move).where(col(Move.mailbox) == address, col(Move.purge_id).in_(at_rest)))
    work.session.execute(delete(Box).where(col(Box.mailbox) == address, col(Box.task) == ""))
    work.session.execute(
        update(Purge)
        .where(col(Purge.from_address) == address, col(Purge.status) == "finished")
        .values(match="{}", from_address="", reason="")
    )


def forget(before: datetime, work: Work) -> None:
    """Forget old mails, and purges that ended long ago."""
    old = select(Known.sha256).where(col(Known.seen_at) < before)
    work.session.execute(delete(Recipient).where(col(Recipient.sha256).in_(old)))
    work.session.execute(delete(Known).where(col(Known.seen_at) < before))
    work.session.execute(delete(Judged).where(col(Judged.judged_at) < before))
    ended = select(Purge.purge_id).where(col(Purge.finished_at) < before)
    for kind in (Move, Box, Restore):
        work.session.execute(delete(kind).where(col(kind.purge_id).in_(ended)))
    work.session.execute(delete(Purge).where(col(Purge.finished_at) < before))

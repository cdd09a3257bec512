"""What a replay brings back of the work of jobs: plans that must be made anew, mails that were moved, mails that are back.

What happened within a second is heard in any order: each half must do for the other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from services.mailboxes.purges import purge_of, put_moves
from services.mailboxes.rules.likeness import Key, Wanted
from services.mailboxes.tables import Box, Move, Restore
from shared.events import Event, MovedMail, PurgeFinished, PurgePlanned, RestoreFinished
from shared.work import Work


def planned(event: PurgePlanned, work: Work) -> None:
    """There was a plan; which mails it would move is not known any more, so that it must be made anew."""
    purge = purge_of(event.purge_id, work)
    purge.plan, purge.planned_at, purge.due_at = event.plan, work.at, None
    if purge.status == "planning":
        purge.status = "planned"
        work.session.execute(update(Box).where(col(Box.purge_id) == event.purge_id).values(task="", due_at=None))
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.found, box.unlike, box.reason = one.found, one.unlike, box.reason or one.reason


def finished(event: PurgeFinished, work: Work) -> None:
    """It ended; what it moved can be restored."""
    purge = purge_of(event.purge_id, work)
    purge.status, purge.outcome, purge.why, purge.due_at = "finished", event.outcome, event.reason, None
    purge.finished_at = purge.finished_at or work.at
    work.session.execute(update(Box).where(col(Box.purge_id) == event.purge_id).values(task="", due_at=None))
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.result, box.reason, box.moved = one.result, one.reason, len(one.moved)
        box.found = len(one.moved) + one.gone
        put_moves(box, map(_wanted, one.moved), work)
        work.session.flush()
        here = update(Move).where(col(Move.purge_id) == event.purge_id, col(Move.mailbox) == one.mailbox)
        work.session.execute(here.values(state="restored" if box.restored else "moved"))


def restored(event: RestoreFinished, work: Work) -> None:
    """Mails are back."""
    purge_of(event.purge_id, work)
    restore = work.session.get(Restore, event.restore_id)
    if restore is None:  # who asked is told by the event that is still to come
        restore = Restore(restore_id=event.restore_id, purge_id=event.purge_id, by="", requested_at=work.at)
        work.session.add(restore)
    restore.finished_at = restore.finished_at or work.at
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.task, box.due_at, box.result = "", None, one.result
        box.restored, box.reason, box.restore_id = one.restored, one.reason, event.restore_id
        here = update(Move).where(col(Move.purge_id) == event.purge_id, col(Move.mailbox) == one.mailbox)
        if one.result == "success":
            work.session.execute(here.where(col(Move.state) == "moved").values(state="restored"))


def _wanted(mail: MovedMail) -> Wanted:
    return Wanted(Key(mail.message_id, mail.received_at, mail.size_bytes), mail.folder, frozenset(mail.flags))


def _box(purge_id: str, mailbox: str, work: Work) -> Box:
    box = work.session.get(Box, (purge_id, mailbox))
    if box is None:
        box = Box(purge_id=purge_id, mailbox=mailbox)
        work.session.add(box)
    return box


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {
    PurgePlanned: planned,
    PurgeFinished: finished,
    RestoreFinished: restored,
}

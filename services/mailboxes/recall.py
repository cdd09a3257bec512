"""What a replay brings back of the work of jobs: plans that must be made anew, mails that were moved, mails that are back."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from services.mailboxes.purges import put_moves
from services.mailboxes.tables import Box, Move, Purge, Restore
from shared.events import Event, PurgeFinished, PurgePlanned, RestoreFinished
from shared.work import Work


def planned(event: PurgePlanned, work: Work) -> None:
    """There was a plan; which mails it would move is not known any more, so that it must be made anew."""
    purge = work.session.get(Purge, event.purge_id)
    if purge is None or purge.status == "finished":
        return
    purge.status, purge.plan, purge.planned_at, purge.due_at = "planned", event.plan, work.at, None
    work.session.execute(update(Box).where(col(Box.purge_id) == event.purge_id).values(task="", due_at=None))
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.found, box.unlike, box.reason = one.found, one.unlike, one.reason


def finished(event: PurgeFinished, work: Work) -> None:
    """It ended; what it moved can be restored."""
    purge = work.session.get(Purge, event.purge_id)
    if purge is None:
        return
    purge.status, purge.outcome, purge.why, purge.due_at = "finished", event.outcome, event.reason, None
    purge.finished_at = purge.finished_at or work.at
    work.session.execute(update(Box).where(col(Box.purge_id) == event.purge_id).values(task="", due_at=None))
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.result, box.reason, box.moved = one.result, one.reason, len(one.moved)
        box.found = len(one.moved) + one.gone
        put_moves(box, [(m.folder, m.message_id, m.received_at, m.size_bytes) for m in one.moved], work)
        work.session.flush()
        here = update(Move).where(col(Move.purge_id) == event.purge_id, col(Move.mailbox) == one.mailbox)
        work.session.execute(here.values(state="moved"))


def restored(event: RestoreFinished, work: Work) -> None:
    """Mails are back."""
    if restore := work.session.get(Restore, event.restore_id):
        restore.finished_at = restore.finished_at or work.at
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.task, box.due_at, box.result = "", None, one.result
        box.restored, box.reason = one.restored, one.reason
        here = update(Move).where(col(Move.purge_id) == event.purge_id, col(Move.mailbox) == one.mailbox)
        if one.result == "success":
            work.session.execute(here.where(col(Move.state) == "moved").values(state="restored"))


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

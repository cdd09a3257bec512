"""What became of a purge, as its rows and the event that tells of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, update
from sqlmodel import col, select

from services.mailboxes.tables import Box, Move, Purge, Restore
from shared.events import (
    MovedMail,
    PlannedMailbox,
    PurgedMailbox,
    PurgeFinished,
    PurgePlanned,
    RestoredMailbox,
    RestoreFinished,
)
from shared.plural import counted
from shared.work import Work

#: Mailboxes that a plan's event names: who wants all of them asks the API.
NAMED_MAX = 1_000


def say_planned(purge: Purge, boxes: Sequence[Box], work: Work, *, second: bool, until: datetime) -> None:
    """Say what a plan would do."""
    told = [box for box in boxes if box.found or box.unlike or box.reason][:NAMED_MAX]
    work.emit(
        PurgePlanned(
            purge_id=purge.purge_id,
            plan=purge.plan,
            mailbox_count=len(boxes),
            hit_count=sum(box.found > 0 for box in boxes),
            message_count=sum(box.found for box in boxes),
            needs_second=second,
            approve_until=until,
            mailboxes=tuple(
                PlannedMailbox(mailbox=box.mailbox, found=box.found, unlike=box.unlike, reason=box.reason)
                for box in told
            ),
        )
    )


def finish(purge: Purge, outcome: str, why: str, work: Work, mailboxes: Iterable[PurgedMailbox] = ()) -> None:
    """Nothing more is done."""
    purge.status, purge.outcome, purge.why = "finished", outcome, why
    purge.finished_at, purge.due_at = work.at, None
    still = update(Box).where(col(Box.purge_id) == purge.purge_id, col(Box.task).in_(("plan", "purge")))
    work.session.execute(still.values(task="", due_at=None))
    work.emit(
        PurgeFinished.model_validate(
            {
                "purge_id": purge.purge_id,
                "outcome": outcome,
                "reason": why,
                "case_id": purge.case_id,
                "folder": purge.folder,
                "mailboxes": tuple(mailboxes),
            }
        )
    )


def finish_run(purge: Purge, work: Work) -> None:
    """Every mailbox is done."""
    moves = work.session.exec(
        select(Move).where(Move.purge_id == purge.purge_id).order_by(col(Move.mailbox), col(Move.number))
    ).all()
    of_box = {name: list(some) for name, some in groupby(moves, key=lambda move: move.mailbox)}
    boxes = [box for box in boxes_of(purge, work) if box.found or box.result == "failure"]
    results = [_purged(box, of_box.get(box.mailbox, ())) for box in boxes]
    done = any(one.result != "failure" for one in results) or not results
    failed = sum(one.result == "failure" for one in results)
    why = f"failed: {failed} of {counted(len(results), 'mailbox', 'mailboxes')}" if failed else ""
    finish(purge, "done" if done else "failed", why, work, results)


def _purged(box: Box, moves: Sequence[Move]) -> PurgedMailbox:
    moved = tuple(
        MovedMail(
            folder=move.folder,
            message_id=move.message_id,
            received_at=move.received_at,
            size_bytes=move.size_bytes,
            flags=tuple(move.flags.split()),
        )
        for move in moves
        if move.state in ("moved", "restored", "kept")
    )
    gone = sum(move.state == "gone" for move in moves)
    result = {"mailbox": box.mailbox, "moved": moved, "gone": gone, "reason": box.reason}
    return PurgedMailbox.model_validate({**result, "result": box.result if box.result != "delayed" else "gone"})


def finish_restore(restore_id: str, work: Work) -> None:
    """Say so, once the last mailbox of a restore is done."""
    restore = work.session.get(Restore, restore_id)
    boxes = work.session.exec(select(Box).where(Box.restore_id == restore_id).order_by(col(Box.mailbox))).all()
    if restore is None or restore.finished_at or any(box.task == "restore" for box in boxes):
        return
    restore.finished_at = work.at
    kept = dict(
        work.session.exec(
            select(Move.mailbox, func.count())
            .where(Move.purge_id == restore.purge_id, Move.state == "kept")
            .group_by(col(Move.mailbox))
        ).all()
    )
    results = [
        RestoredMailbox(
            mailbox=box.mailbox,
            result="failure" if box.result == "failure" else "success",
            restored=box.restored,
            kept=kept.get(box.mailbox, 0),
            reason=box.reason,
        )
        for box in boxes
    ]
    work.emit(RestoreFinished(restore_id=restore_id, purge_id=restore.purge_id, mailboxes=tuple(results)))


def boxes_of(purge: Purge, work: Work) -> Sequence[Box]:
    """The mailboxes of a purge by name."""
    return work.session.exec(select(Box).where(Box.purge_id == purge.purge_id).order_by(col(Box.mailbox))).all()

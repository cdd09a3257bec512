"""Purges of mailboxes: what was asked for, planned and done, in whatever order it is heard."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col

from services.console.handlers.note import note
from services.console.rules.purging import purge_status
from services.console.tables import Purge, PurgeBox, move, row_of
from shared.events import (
    PurgeApproved,
    PurgeDelayed,
    PurgeFinished,
    PurgePlanned,
    PurgeRequested,
    PurgeWithdrawn,
    RestoreFinished,
    RestoreRequested,
)
from shared.events.base import rfc3339
from shared.plural import counted
from shared.work import Work

#: Restores of one purge, and folders of one mailbox, that are kept.
RESTORES_MAX, FOLDERS_MAX = 50, 20


def on_purge_requested(event: PurgeRequested, work: Work) -> None:
    """Somebody, or a verdict, wants mails out of mailboxes."""
    row = row_of(work, Purge, event.purge_id)
    for name in ("by", "reason", "case_id", "go", "force", "tell_users"):
        setattr(row, name, getattr(event, name))
    row.message_sha256 = event.message_sha256 or ""
    row.from_address, row.subject = event.match.from_address.lower(), event.match.subject
    row.match = event.match.model_dump(mode="json", exclude_defaults=True)
    row.mailboxes = list(event.mailboxes)
    _stand(row, work)
    note(event, "A purge of mailboxes was asked for", work, word="purge")


def on_purge_planned(event: PurgePlanned, work: Work) -> None:
    """A dry run; a newer plan takes the place of an older one."""
    row = row_of(work, Purge, event.purge_id)
    if event.plan >= row.plan:
        row.plan, row.planned_at, row.approve_until = event.plan, work.said_at, event.approve_until
        row.mailbox_count, row.hit_count, row.message_count = event.mailbox_count, event.hit_count, event.message_count
        row.needs_second = event.needs_second
        for one in event.mailboxes:
            box = _box(event.purge_id, one.mailbox, work)
            box.plan, box.found, box.unlike = event.plan, one.found, one.unlike
            box.reason = box.reason if box.result else one.reason
        _on_time(event.purge_id, "plan", work)
        for box in work.load(PurgeBox, _of(event.purge_id), col(PurgeBox.plan) < event.plan, PurgeBox.result == ""):
            box.found, box.unlike, box.reason = 0, 0, ""
    _stand(row, work)
    waits = ": it needs a second person" if event.needs_second else ""
    boxes = counted(event.hit_count, "mailbox", "mailboxes")
    words = f"A purge would move {counted(event.message_count, 'mail')} of {boxes}{waits}"
    note(event, words, work, case_id=row.case_id)


def on_purge_approved(event: PurgeApproved, work: Work) -> None:
    """Somebody stands for it."""
    row = row_of(work, Purge, event.purge_id)
    row.approved_by, row.approved_at = event.by, work.said_at
    _stand(row, work)
    note(event, "A purge was approved", work, case_id=row.case_id)


def on_purge_withdrawn(event: PurgeWithdrawn, work: Work) -> None:
    """Somebody does not want it; its end follows."""
    row = row_of(work, Purge, event.purge_id)
    note(event, "A purge is not wanted", work, case_id=row.case_id)


def on_purge_delayed(event: PurgeDelayed, work: Work) -> None:
    """A mailbox is tried again; the first that waits for a task makes a line."""
    row = row_of(work, Purge, event.purge_id)
    restores = {one["id"] for one in row.restores if one["finished_at"]}
    is_over = {
        "plan": row.plan >= event.plan, "purge": bool(row.outcome), "restore": event.restore_id in restores
    }[event.task]  # fmt: skip
    if is_over:
        return
    box = _box(event.purge_id, event.mailbox, work)
    box.late, box.late_reason = event.task, event.reason
    if event.task == "plan":
        box.plan = event.plan
    note(event, "A mailbox of a purge does not answer: it is tried again", work, case_id=row.case_id)


def on_purge_finished(event: PurgeFinished, work: Work) -> None:
    """What came of it."""
    row = row_of(work, Purge, event.purge_id)
    row.outcome, row.why, row.folder, row.finished_at = event.outcome, event.reason, event.folder, work.said_at
    row.case_id = row.case_id or event.case_id
    row.moved_count = sum(len(one.moved) for one in event.mailboxes)
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        box.result, box.moved, box.gone, box.reason = one.result, len(one.moved), one.gone, one.reason
        box.folders = list(dict.fromkeys(mail.folder for mail in one.moved))[:FOLDERS_MAX]
    _on_time(event.purge_id, "purge", work)
    _on_time(event.purge_id, "plan", work)
    _stand(row, work)
    note(event, f"A purge ended ({event.outcome}): {counted(row.moved_count, 'mail')} moved", work, word=event.outcome)


def on_restore_requested(event: RestoreRequested, work: Work) -> None:
    """Somebody wants mails back."""
    row = row_of(work, Purge, event.purge_id)
    _restore(row, event.restore_id, by=event.by, reason=event.reason, at=rfc3339(work.said_at))
    _stand(row, work)
    note(event, "Mails of a purge are wanted back", work, case_id=row.case_id)


def on_restore_finished(event: RestoreFinished, work: Work) -> None:
    """They are. A mailbox counts all that are back in it, by whichever restore."""
    row = row_of(work, Purge, event.purge_id)
    for one in event.mailboxes:
        box = _box(event.purge_id, one.mailbox, work)
        row.restored_count += one.restored - box.restored
        row.kept_count += one.kept - box.kept
        box.restored, box.kept, box.undo, box.undo_reason = one.restored, one.kept, one.result, one.reason
    _restore(row, event.restore_id, finished_at=rfc3339(work.said_at))
    _on_time(event.purge_id, "restore", work)
    _stand(row, work)
    back = sum(one.restored for one in event.mailboxes)
    note(event, f"Mails of a purge were put back: {back}", work, case_id=row.case_id)


def _restore(row: Purge, restore_id: str, **told: str) -> None:
    """Write down what is told of a restore; its request and its end come in any order."""
    nothing = {"id": restore_id, "by": "", "reason": "", "at": "", "finished_at": ""}
    known: dict[str, dict[str, Any]] = {one["id"]: one for one in row.restores}
    known[restore_id] = {**nothing, **known.get(restore_id, {}), **told}
    row.restores = sorted(known.values(), key=lambda one: str(one["at"] or one["finished_at"]))[-RESTORES_MAX:]


def _box(purge_id: str, mailbox: str, work: Work) -> PurgeBox:
    box = row_of(work, PurgeBox, f"{purge_id}/{mailbox}")
    box.purge_id, box.mailbox = purge_id, mailbox
    return box


def _of(purge_id: str) -> ColumnElement[bool]:
    return col(PurgeBox.purge_id) == purge_id


def _on_time(purge_id: str, task: str, work: Work) -> None:
    """Nothing of this task waits any more."""
    work.flush()
    for box in work.load(PurgeBox, _of(purge_id), PurgeBox.late == task):
        box.late, box.late_reason = "", ""


def _stand(row: Purge, work: Work) -> None:
    before = row.status
    row.status = purge_status(
        outcome=row.outcome,
        approved=bool(row.approved_by),
        planned=row.planned_at is not None,
        hits=row.hit_count,
        needs_second=row.needs_second,
        moved=row.moved_count,
        back=row.restored_count + row.kept_count,
        restored=row.restored_count,
        undoing=any(not one["finished_at"] for one in row.restores),
    )
    move(work, "purge", before if row.tallied else "", row.status)
    row.tallied = True

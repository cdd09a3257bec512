"""Block and allow entries."""

from services.console.handlers.note import note
from services.console.rules.standing import ends_first, later
from services.console.tables import Block, move, row_of
from services.console.words import ACTIONS, KINDS, sentence
from shared.events import (
    BlockCreated,
    BlockExpired,
    BlockExpiring,
    BlockHit,
    BlockImported,
    BlockRefused,
    BlockRemoved,
    fact_id,
)
from shared.plural import counted
from shared.work import Work


def on_block_created(event: BlockCreated, work: Work) -> None:
    """An entry works."""
    row = row_of(work, Block, event.block_id)
    row.kind, row.value, row.action, row.scope = event.kind, event.value, event.action, event.scope
    row.expires_at = event.expires_at
    row.by, row.case_id, row.note = event.origin.by, event.origin.case_id, event.origin.note
    _tally(row, row.status, work)
    note(event, f"{sentence(ACTIONS, event.action)}: {sentence(KINDS, event.kind).lower()}", work, word=event.action)


def on_block_refused(event: BlockRefused, work: Work) -> None:
    """An entry was not made."""
    row = row_of(work, Block, fact_id("refused", *event.key()))
    before = row.status
    row.kind, row.value, row.scope, row.status, row.reason = (
        event.kind,
        event.value,
        event.scope,
        "refused",
        event.reason,
    )
    row.by, row.case_id = event.origin.by, event.origin.case_id
    _tally(row, before, work)
    note(event, f"An entry was refused: {event.reason}", work, word="refused")


def on_block_imported(event: BlockImported, work: Work) -> None:
    """A list was taken in."""
    note(event, f"A list of {counted(event.entry_count, 'entry', 'entries')} was taken in", work, word="block")


def on_block_hit(event: BlockHit, work: Work) -> None:
    """An entry stopped copies of a mail."""
    row = row_of(work, Block, event.block_id)
    row.hit_count += event.count
    row.last_hit_at = later(known=row.last_hit_at, told=work.said_at)
    note(event, f"An entry stopped {counted(event.count, 'mail')}", work, word="block")


def on_block_removed(event: BlockRemoved, work: Work) -> None:
    """Somebody took an entry away."""
    _end(event, "removed", event.by, work)


def on_block_expired(event: BlockExpired, work: Work) -> None:
    """An entry's time was over."""
    _end(event, "expired", "", work)


def on_block_expiring(event: BlockExpiring, work: Work) -> None:
    """An entry ends within a week."""
    note(event, "An entry ends within a week", work, word=event.action)


def _end(event: BlockRemoved | BlockExpired, status: str, by: str, work: Work) -> None:
    row = row_of(work, Block, event.block_id)
    row.kind, row.value, row.action, row.scope = event.kind, event.value, event.action, event.scope
    before = row.status
    if ends_first(ended_at=row.ended_at, status=row.status, told_at=work.said_at, told=status):
        row.status, row.ended_at, row.ended_by = status, work.said_at, by
    _tally(row, before, work)
    note(event, f"An entry {'was removed' if status == 'removed' else 'expired'}", work, word=status)


def _tally(row: Block, before: str, work: Work) -> None:
    move(work, "block", before if row.tallied else "", row.status)
    row.tallied = True

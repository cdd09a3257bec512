"""What a replay brings back of what people did over HTTP, and of the clock."""

from collections.abc import Callable, Mapping
from typing import Any

from services.blocklist.entries import PEOPLE, end, expire
from services.blocklist.notes import counted
from services.blocklist.tables import Claim, Entry
from shared.events import BlockCreated, BlockExpired, BlockHit, BlockRemoved, Event
from shared.work import Work


def created(event: BlockCreated, work: Work) -> None:
    """An entry that no event led to was made by people."""
    if work.session.get(Entry, event.block_id):
        return
    entry = Entry(
        created_at=work.at,
        changed_at=work.at,
        **event.model_dump(include={"block_id", "kind", "value", "action", "scope", "expires_at", "idle_days"}),
        **event.origin.model_dump(),
    )
    work.session.add(entry)
    work.session.add(Claim(block_id=entry.block_id, claimant=PEOPLE))


def removed(event: BlockRemoved, work: Work) -> None:
    """Somebody took it away."""
    entry = work.session.get(Entry, event.block_id)
    if entry and entry.status == "active":
        end(entry, work, by=event.by)


def expired(event: BlockExpired, work: Work) -> None:
    """Its time was over."""
    entry = work.session.get(Entry, event.block_id)
    if entry and entry.status == "active":
        expire([entry], work)


def hit(event: BlockHit, work: Work) -> None:
    """It stopped mails."""
    if entry := work.session.get(Entry, event.block_id):
        counted(entry, event.count, work)


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {
    BlockCreated: created,
    BlockRemoved: removed,
    BlockExpired: expired,
    BlockHit: hit,
}

"""Purges of mailboxes: one line of activity each; mailboxes itself knows them in full."""

from services.console.handlers.note import note
from shared.events import (
    PurgeApproved,
    PurgeFinished,
    PurgePlanned,
    PurgeRequested,
    RestoreFinished,
    RestoreRequested,
)
from shared.work import Work


def on_purge_requested(event: PurgeRequested, work: Work) -> None:
    """Somebody, or a verdict, wants mails out of mailboxes."""
    note(event, "A purge of mailboxes was asked for", work, word="purge")


def on_purge_planned(event: PurgePlanned, work: Work) -> None:
    """A dry run."""
    waits = ": it needs a second person" if event.needs_second else ""
    note(event, f"A purge would move {event.message_count} mails of {event.hit_count} mailboxes{waits}", work)


def on_purge_approved(event: PurgeApproved, work: Work) -> None:
    """Somebody stands for it."""
    note(event, "A purge was approved", work)


def on_purge_finished(event: PurgeFinished, work: Work) -> None:
    """What came of it."""
    moved = sum(len(one.moved) for one in event.mailboxes)
    note(event, f"A purge ended ({event.outcome}): {moved} mails moved", work, word=event.outcome)


def on_restore_requested(event: RestoreRequested, work: Work) -> None:
    """Somebody wants mails back."""
    note(event, "Mails of a purge are wanted back", work)


def on_restore_finished(event: RestoreFinished, work: Work) -> None:
    """They are."""
    back = sum(one.restored for one in event.mailboxes)
    note(event, f"{back} mails of a purge are back in their mailboxes", work)

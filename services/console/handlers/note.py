"""The line of activity that every event leaves: ids and words of the vocabulary, nothing of a mail."""

from typing import Any

from services.console.tables import Activity
from shared.events import Event
from shared.work import Work


def note(event: Event, line: str, work: Work, *, word: str = "") -> None:
    """Write the line down. Its refs are those of the event that name a row."""
    refs: dict[str, Any] = {name: getattr(event, name, "") for name in ("report_id", "case_id", "block_id", "held_id")}
    kind = event.STREAM.removesuffix(".v1")
    work.session.add(Activity(fact=event.event_id(), at=work.at, kind=kind, word=word, line=line, **refs))

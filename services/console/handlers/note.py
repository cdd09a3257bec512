"""The line of activity that every event leaves: ids and words of the vocabulary, and whom we told something; nothing of a mail."""

from functools import cache
from typing import Any

from services.console.tables import Activity, Block, Case, Held, Purge, Report, Row
from shared.events import Event
from shared.work import Work

#: The fields of events that name a row.
NAMES: dict[str, type[Row]] = {
    "report_id": Report,
    "case_id": Case,
    "block_id": Block,
    "held_id": Held,
    "purge_id": Purge,
}


def note(event: Event, line: str, work: Work, *, word: str = "", case_id: str = "") -> None:
    """Write the line down. Its refs are those of the event that name a row; `case_id`: the case, when the event names none."""
    refs: dict[str, Any] = dict.fromkeys(NAMES, "") | {name: getattr(event, name) for name in names_of(type(event))}
    refs["case_id"] = refs["case_id"] or case_id
    kind = event.STREAM.removesuffix(".v1")
    fact, number = event.event_id(), work.number(Activity)
    work.new(Activity, id=number, fact=fact, at=work.said_at, kind=kind, word=word, line=line, **refs)


@cache
def names_of(kind: type[Event]) -> tuple[str, ...]:
    """The fields of a kind of event that name a row."""
    return tuple(name for name in NAMES if name in kind.model_fields)

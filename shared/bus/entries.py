"""Stream entries in and out of events: reading never raises, what cannot be read says why."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from shared.events import DATA_MAX_BYTES, Envelope, Event, fact_id, rfc3339
from shared.invalid import in_words

RawFields = Mapping[bytes, bytes]

#: The stream of what could not be processed.
DEAD_STREAM = "dead.v1"

#: A field of a dead letter is cut here, in bytes: an entry too large to read is too large to keep twice.
DEAD_FIELD_MAX_BYTES = DATA_MAX_BYTES

#: An attribute such as `id` or `source` longer than this, in bytes, is no CloudEvents attribute that we can index.
ATTRIBUTE_MAX_BYTES = 255

_ATTRIBUTES = [(name.encode(), name) for name in ("specversion", "id", "type", "source", "time", "traceparent")]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry that was read: its event, or what `prepare` made of it, with what stands around it."""

    envelope: Envelope
    event: object
    fields: RawFields

    @property
    def receipt(self) -> tuple[str, str]:
        """What the inbox knows it by: CloudEvents promise that source and id together are unique."""
        return (self.envelope.source, self.envelope.event_id)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that cannot become an event, and why."""

    entry_id: str
    fields: RawFields
    reason: str
    attempts: int = 1


def read_entry(
    kind: type[Event], stream: str, entry_id: str, fields: RawFields, attempts: int = 1
) -> Delivery | Unreadable:
    """Make an event of an entry. Foreign publishers need the field `data` only; the entry's id is then the event's."""
    try:
        attributes = {name: _attribute(raw, name) if (raw := fields.get(key)) else "" for key, name in _ATTRIBUTES}
        _check(kind, attributes)
        envelope = Envelope(
            event_id=attributes["id"] or f"{stream}/{entry_id}",
            source=attributes["source"] or "anyone",
            stream=stream,
            entry_id=entry_id,
            time=_moment(attributes["time"]),
            traceparent=attributes["traceparent"],
            attempts=attempts,
        )
        return Delivery(envelope, kind.of_data(_data(fields)), fields)
    except ValidationError as error:
        return Unreadable(entry_id, fields, in_words(error.errors(include_input=False), whole="data"), attempts)
    except (ValueError, RecursionError) as error:
        return Unreadable(entry_id, fields, str(error) or "nested too deeply", attempts)


def dead_letter(unreadable: Unreadable, *, stream: str, group: str, at: datetime) -> dict[str, str]:
    """The fields of a dead letter. The same entry of the same group gives the same `id`."""
    return {
        "id": fact_id(DEAD_STREAM, stream, unreadable.entry_id, group),
        "stream": stream,
        "entry_id": unreadable.entry_id,
        "group": group,
        "reason": unreadable.reason[:1000],
        "attempts": str(unreadable.attempts),
        "time": rfc3339(at),
        "fields": json.dumps({_name(key): _value(value) for key, value in unreadable.fields.items()}),
    }


def _attribute(raw: bytes, name: str) -> str:
    if len(raw) > ATTRIBUTE_MAX_BYTES:
        raise ValueError(f"the field {name} has {len(raw)} bytes, {ATTRIBUTE_MAX_BYTES} are allowed")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"the field {name} is no UTF-8") from None


def _check(kind: type[Event], attributes: Mapping[str, str]) -> None:
    if attributes["specversion"] not in ("", "1.0"):
        raise ValueError("specversion is not 1.0")
    if attributes["type"] not in ("", kind.type_name()):
        raise ValueError(f"this stream carries {kind.type_name()}, not another type")


def _data(fields: RawFields) -> bytes:
    data = fields.get(b"data")
    if data is None:
        raise ValueError("the field data is missing: publish the event's JSON as data")
    if len(data) > DATA_MAX_BYTES:
        raise ValueError(f"data has {len(data)} bytes, {DATA_MAX_BYTES} are allowed")
    return data


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("time is no RFC 3339 time") from None
    return moment if moment.tzinfo else None


def _name(raw: bytes) -> str:
    return raw[:ATTRIBUTE_MAX_BYTES].decode("utf-8", errors="backslashreplace")


def _value(raw: bytes) -> str | dict[str, str | int]:
    if len(raw) > DEAD_FIELD_MAX_BYTES:
        return {"base64": base64.b64encode(raw[:1024]).decode(), "cut_from_bytes": len(raw)}
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}

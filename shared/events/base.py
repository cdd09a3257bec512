"""The form of every event: a fact in the past tense, one frozen class, one stream, one version.

On the wire an event is a CloudEvents 1.0 event written as plain stream fields (`specversion`, `id`, `type`, `source`,
`time`, `subject`, `traceparent`, `data`), so that any Redis client reads it without a library.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field

#: Ids of facts are UUIDv5 (RFC 9562, section 5.5) under this namespace.
FACTS = uuid5(NAMESPACE_URL, "longstop/facts")

#: Longest `data` of one entry, in bytes: a 25 MiB mail in base64 plus its envelope.
DATA_MAX_BYTES = 36 * 1024 * 1024


def fact_id(*words: object) -> str:
    """The id of a fact from its natural key: the same words, the same id, in every process.

    What `str(uuid5(FACTS, …))` gives, without the objects in between: every event has a few.
    """
    name = "\x1f".join(map(str, words)).encode()
    digest = hashlib.sha1(FACTS.bytes + name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def without_nulls(said: Any) -> Any:
    """What a publisher says without its nulls: many write one for each optional field that they have nothing for."""
    if not isinstance(said, dict):
        return said
    return {name: without_nulls(value) for name, value in said.items() if value is not None}


class Event(BaseModel):
    """A fact. Subclasses name their `STREAM` and say what identifies the fact (`key`) and what it is about (`about`).

    Unknown fields are left aside, so that an optional field may be added without a new version.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)

    STREAM: ClassVar[str]

    def key(self) -> tuple[object, ...]:
        """The natural key: two events of one class with one key are one fact."""
        raise NotImplementedError

    def about(self) -> str:
        """The id of the aggregate, CloudEvents' `subject`."""
        return str(self.key()[0])

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents `type`, for example `longstop.verdict.issued.v1`."""
        return f"longstop.{cls.STREAM}"

    @classmethod
    def of_data(cls, data: bytes) -> "Event":
        """The event in the `data` of an entry.

        Raises:
            ValueError: it is not one; the text (of a `ValidationError`) says where.
        """
        return cls.model_validate_json(data)

    def event_id(self) -> str:
        """The id of this fact: a repeat has the same one."""
        return fact_id(self.STREAM, *self.key())

    def fields(self, *, source: str, time: datetime, traceparent: str = "") -> dict[str, str]:
        """The stream entry, as text fields in the order that people read them."""
        fields = {
            "specversion": "1.0",
            "id": self.event_id(),
            "type": self.type_name(),
            "source": source,
            "time": rfc3339(time),
            "subject": self.about(),
            "data": self.model_dump_json(exclude_none=True),
        }
        if traceparent:
            fields["traceparent"] = traceparent
        return fields


class Envelope(BaseModel):
    """What an entry says around its data; made by the bus, handed to handlers that need it."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    source: str
    stream: str
    entry_id: str
    time: datetime | None = None
    traceparent: str = ""
    attempts: int = Field(default=1, description="how often this entry was delivered to the reader")


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; one that UTC would put before the first year or after the last keeps its clock.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone is no moment")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`; `moment` must be aware."""
    return in_utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON schema of an event's `data`, as written."""
    return event.model_json_schema(mode="serialization")

"""Dead letters as they are read: whole, in pages of bounded size, and as the entries they once were."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

from shared.bus.entries import DEAD_STREAM, RawFields
from shared.bus.pages import pages
from shared.errors import Reject

NOT_OURS = "its fields are not what a reader of ours writes: it cannot be replayed"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `entry` is its own place in the stream of dead letters, `entry_id` that of what died."""

    entry: str
    id: str
    time: str
    stream: str
    entry_id: str
    group: str
    attempts: str
    reason: str
    fields: Mapping[str, Any]

    def told(self) -> dict[str, Any]:
        """What a program is told of it: everything but where it lies."""
        names = ("id", "time", "stream", "entry_id", "group", "attempts", "reason", "fields")
        return {name: getattr(self, name) for name in names}

    def raw_fields(self) -> dict[bytes, bytes]:
        """The fields of the entry that died, byte for byte.

        Raises:
            Reject: the entry was too large to be kept whole, or the letter was not written by a reader of ours.
        """
        if not self.fields:
            raise Reject(NOT_OURS)
        return {name.encode(): _raw(value) for name, value in self.fields.items()}

    def entry_again(self) -> dict[bytes, bytes]:
        """The fields to publish it again with.

        What the bus called an entry without a name is written down: the second entry would be called otherwise, and
        readers that have handled the first would not know it.

        Raises:
            Reject: as `raw_fields`.
        """
        fields = self.raw_fields()
        names = {b"id": f"{self.stream}/{self.entry_id}".encode(), b"source": b"anyone"}
        return {**fields, **{name: value for name, value in names.items() if not fields.get(name)}}


class Letters:
    """The stream of dead letters. Every method raises RedisError when Redis does not answer."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis: Any = redis  # redis-py types every answer as a union of all protocols
        self.stream = f"{prefix}:{DEAD_STREAM}"

    async def count(self) -> int:
        """How many there are."""
        return int(await self._redis.xlen(self.stream))

    async def now_ms(self) -> int:
        """The present by the clock of Redis, which numbers the entries, in milliseconds."""
        seconds, microseconds = await self._redis.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def pages(
        self, *, first: str = "-", last: str = "+", newest_first: bool = False
    ) -> AsyncIterator[list[Letter]]:
        """Letters whose entries are between two ids, both included."""
        async for page in pages(self._redis, self.stream, first=first, last=last, newest_first=newest_first):
            yield [read_letter(entry_id, fields) for entry_id, fields in page]

    async def newest(self, limit: int) -> list[Letter]:
        """The newest first."""
        found: list[Letter] = []
        async for page in self.pages(newest_first=True):
            found += page
            if len(found) >= limit:
                break
        return found[:limit]

    async def get(self, entries: Sequence[str]) -> list[Letter]:
        """The letters at these places that are still there."""
        found = []
        for entry in entries:
            found += await self._redis.xrange(self.stream, entry, entry)
        return [read_letter(entry_id.decode(), fields) for entry_id, fields in found]


def read_letter(entry_id: str, fields: RawFields) -> Letter:
    """Read a letter; anybody may have written it, so what is missing or odd is empty."""
    text = {name: fields.get(name.encode(), b"").decode(errors="replace") for name in _TEXTS}
    return Letter(entry_id, fields=_fields(fields.get(b"fields", b"{}")), **text)


_TEXTS = ("id", "time", "stream", "entry_id", "group", "attempts", "reason")


def _fields(raw: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _raw(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict) and "cut_from_bytes" in value:
        raise Reject("it was too large to be kept whole: it cannot be replayed")
    try:
        return base64.b64decode(cast("dict[str, str]", value)["base64"], validate=True)
    except (KeyError, TypeError, ValueError):
        raise Reject(NOT_OURS) from None

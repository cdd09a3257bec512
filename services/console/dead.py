"""Dead letters, read from their stream, handed in again or dropped: the one thing that no database of ours holds."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared.bus import Unreadable, read_entry
from shared.bus.letters import Letter, Letters
from shared.errors import Defer, Reject
from shared.events import EVENTS, Event

T = TypeVar("T")


class DeadLetters:
    """Letters by their place in the stream (`entry`). Every method raises Defer when Redis does not answer."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis: Any = redis  # redis-py types every answer as a union of all protocols
        self._prefix = prefix
        self._letters = Letters(redis, prefix)

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest first, without their fields, in which a whole mail may be."""
        return [summary(letter) for letter in await _asked(lambda: self._letters.newest(limit))]

    async def count(self) -> int:
        """How many there are."""
        return await _asked(self._letters.count)

    async def get(self, entry: str) -> Letter | None:
        """The letter at a place."""
        found = await _asked(lambda: self._letters.get([entry]))
        return found[0] if found else None

    async def replay(self, letter: Letter, data: dict[str, Any] | None = None) -> None:
        """Hand a letter in again on its stream, as it was or with other `data`, and take it away: both or neither.

        It keeps its CloudEvents id, so that readers which have handled it drop it.

        Raises:
            Reject: it cannot go back; the text says why.
        """
        kind = self._kind_of(letter.stream)
        fields = letter.entry_again()
        if data is not None:
            fields[b"data"] = json.dumps(data).encode()
            read = read_entry(kind, letter.stream, letter.entry_id, fields)
            if isinstance(read, Unreadable):
                raise Reject(f"what was changed is no {kind.STREAM}: {read.reason}")
        try:  # a MULTI goes on after a command that failed: what XADD would refuse must be known before XDEL
            await _asked(lambda: self._redis.xlen(letter.stream))
        except ResponseError as error:
            raise Reject(f"{letter.stream} cannot be written: {error}") from None
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xadd(letter.stream, fields)
        pipeline.xdel(self._letters.stream, letter.entry)
        await _asked(pipeline.execute)

    async def drop(self, letter: Letter) -> None:
        """Forget a letter for good."""
        await _asked(lambda: self._redis.xdel(self._letters.stream, letter.entry))

    def _kind_of(self, stream: str) -> type[Event]:
        for kind in EVENTS:
            if stream == f"{self._prefix}:{kind.STREAM}":
                return kind
        raise Reject(f"{stream} is no stream of this Longstop")


def summary(letter: Letter) -> dict[str, Any]:
    """What is told of a letter without what it carries."""
    return {"entry": letter.entry, **{name: value for name, value in letter.told().items() if name != "fields"}}


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except ResponseError:
        raise
    except (RedisError, OSError) as error:
        raise Defer("redis does not answer") from error

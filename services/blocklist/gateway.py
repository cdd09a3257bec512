"""The gateway's side in Redis: the hash that a filter asks once a mail, and the maps for Rspamd's `multimap`.

The only file of the block list that knows Redis. What stands there is a copy: the database is the truth.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.blocklist.rules.fields import GATEWAY, HASHES, HITS, Place
from shared.errors import Defer

P = ParamSpec("P")
T = TypeVar("T")

#: Fields in one answer of a scan: short enough that Redis serves mails between two of them.
SCAN_COUNT = 1_000

#: Fields in one pipeline of a large change, for the same reason.
PIPELINE_MAX = 5_000

#: An enforcer waits no longer for an answer, in seconds.
ASK_S = 1.0

#: Hits that wait to be counted; beyond, the oldest are lost: entries stand, only their counts are short.
HITS_MAX = 100_000

#: What is kept of a word of a hit, in characters.
WORD_MAX = 320


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry stopped a copy of a mail. Every word may come from a mail."""

    block_id: str
    enforcer: str
    sender: str = ""
    recipient: str = ""
    client_ip: str = ""

    def fields(self) -> dict[str, bytes]:
        """As an entry of the stream."""
        return {name: _raw(value)[:WORD_MAX] for name, value in asdict(self).items()}

    @classmethod
    def read(cls, fields: Mapping[bytes, bytes]) -> "Hit":
        """From an entry of the stream, which others write too."""
        words = {name: fields.get(name.encode(), b"").decode("utf-8", "replace")[:WORD_MAX] for name in cls.__slots__}
        return cls(**words)


def _translated(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(call)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except (RedisError, OSError, TimeoutError) as error:
            raise Defer(f"the gateway's hash cannot be reached: {error or type(error).__name__}") from error

    return wrapper


class Gateway:
    """Reads and writes the hashes. Every method raises Defer when Redis does not answer; all may be repeated."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis: Any = redis  # redis-py types every answer as a union of all protocols
        self._prefix = prefix
        self._mark = f"{prefix}:gateway.filled"
        self.hits_stream = f"{prefix}:{HITS}"

    @_translated
    async def is_filled(self) -> bool:
        """Whether this Redis was filled by us and not emptied since."""
        return bool(await self._redis.exists(self._mark))

    @_translated
    async def mark_filled(self) -> None:
        """Remember, in Redis itself, that it was filled."""
        await self._redis.set(self._mark, "1")

    @_translated
    async def write(self, put: Mapping[Place, str], drop: Iterable[Place]) -> None:
        """Put fields and drop others; a field that is in both stays."""
        pipeline = self._redis.pipeline(transaction=False)
        for name, field in drop:
            if (name, field) not in put:
                pipeline.hdel(f"{self._prefix}:{name}", _raw(field))
                await self._send_when_long(pipeline)
        for (name, field), content in put.items():
            pipeline.hset(f"{self._prefix}:{name}", _raw(field), content)
            await self._send_when_long(pipeline)
        await pipeline.execute()

    @_translated
    async def read(self) -> dict[Place, str]:
        """Everything that stands in the hashes, in pages. A foreign field may be no UTF-8; it can be dropped all the same."""
        found: dict[Place, str] = {}
        for name in HASHES:
            async for field, content in self._redis.hscan_iter(f"{self._prefix}:{name}", count=SCAN_COUNT):
                found[name, field.decode("utf-8", "surrogateescape")] = content.decode("utf-8", "replace")
        return found

    @_translated
    async def marks(self, fields: Sequence[str]) -> list[bytes | None]:
        """What the gateway's hash says in these fields, in one question."""
        if not fields:
            return []
        async with asyncio.timeout(ASK_S):
            found: list[bytes | None] = await self._redis.hmget(f"{self._prefix}:{GATEWAY}", list(map(_raw, fields)))
        return found

    @_translated
    async def note_hits(self, hits: Sequence[Hit]) -> None:
        """Say that entries stopped copies, where Rspamd says it too."""
        pipeline = self._redis.pipeline(transaction=False)
        for hit in hits:
            pipeline.xadd(self.hits_stream, hit.fields(), maxlen=HITS_MAX, approximate=True)
        async with asyncio.timeout(ASK_S):
            await pipeline.execute()

    @_translated
    async def hits_after(self, position: str, count: int) -> list[tuple[str, Hit]]:
        """The hits after a place in their stream, with their places."""
        found = await self._redis.xrange(self.hits_stream, min=f"({position}" if position else "-", count=count)
        return [(entry_id.decode(), Hit.read(fields)) for entry_id, fields in found]

    @_translated
    async def drop_hits(self, position: str) -> None:
        """Drop the hits up to a place."""
        await self._redis.xtrim(self.hits_stream, minid=position)

    async def _send_when_long(self, pipeline: Any) -> None:
        if len(pipeline) >= PIPELINE_MAX:
            await pipeline.execute()


def _raw(field: str) -> bytes:
    return field.encode("utf-8", "surrogateescape")

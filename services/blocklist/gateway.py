"""The gateway's side in Redis: the hash that a filter asks once a mail, and the maps for Rspamd's `multimap`.

The only file of the block list that knows Redis. What stands there is a copy: the database is the truth.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.blocklist.rules.fields import HASHES, Place
from shared.errors import Defer

P = ParamSpec("P")
T = TypeVar("T")

#: Fields in one answer of a scan: short enough that Redis serves mails between two of them.
SCAN_COUNT = 1_000

#: Fields in one pipeline of a large change, for the same reason.
PIPELINE_MAX = 5_000


def _translated(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(call)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except (RedisError, OSError) as error:
            raise Defer(f"the gateway's hash cannot be reached: {error or type(error).__name__}") from error

    return wrapper


class Gateway:
    """Reads and writes the hashes. Every method raises Defer when Redis does not answer; all may be repeated."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis: Any = redis  # redis-py types every answer as a union of all protocols
        self._prefix = prefix
        self._mark = f"{prefix}:gateway.filled"

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

    async def _send_when_long(self, pipeline: Any) -> None:
        if len(pipeline) >= PIPELINE_MAX:
            await pipeline.execute()


def _raw(field: str) -> bytes:
    return field.encode("utf-8", "surrogateescape")

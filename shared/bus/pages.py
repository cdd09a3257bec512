"""Looking through a stream in pages of bounded size."""

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis

from shared.bus.entries import RawFields

#: Entries of the first read, and of the largest. An entry may be a whole mail: reads grow only while entries are small.
PAGE_FIRST, PAGE_MAX = 16, 500

#: What one read should bring, in bytes.
PAGE_BYTES = 4 * 1024 * 1024


async def pages(
    redis: Redis, stream: str, *, first: str = "-", last: str = "+", newest_first: bool = False
) -> AsyncIterator[list[tuple[str, RawFields]]]:
    """The entries between two ids, both included, with their ids.

    Raises:
        RedisError: Redis does not answer.
    """
    client: Any = redis  # redis-py types every answer as a union of all protocols
    count = PAGE_FIRST
    while True:
        if newest_first:
            found = await client.xrevrange(stream, max=last, min=first, count=count)
        else:
            found = await client.xrange(stream, min=first, max=last, count=count)
        if not found:
            return
        yield [(entry_id.decode(), fields) for entry_id, fields in found]
        beyond = f"({found[-1][0].decode()}"
        first, last = (first, beyond) if newest_first else (beyond, last)
        mean_bytes = sum(size_bytes(fields) for _, fields in found) // len(found)
        count = max(1, min(PAGE_MAX, count * 4, PAGE_BYTES // max(mean_bytes, 1)))


def size_bytes(fields: RawFields) -> int:
    """What an entry takes, roughly."""
    return sum(len(name) + len(value) for name, value in fields.items())

"""Dead letters, read from their stream: the one thing that no database of ours holds."""

import json
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.bus import DEAD_STREAM
from shared.errors import Defer


class DeadLetters:
    """The newest dead letters."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis: Any = redis
        self._stream = f"{prefix}:{DEAD_STREAM}"

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest first.

        Raises:
            Defer: Redis does not answer.
        """
        try:
            entries = await self._redis.xrevrange(self._stream, count=limit)
        except (RedisError, OSError) as error:
            raise Defer("redis does not answer") from error
        return [_letter(fields) for _, fields in entries]

    async def count(self) -> int:
        """How many there are.

        Raises:
            Defer: Redis does not answer.
        """
        try:
            return int(await self._redis.xlen(self._stream))
        except (RedisError, OSError) as error:
            raise Defer("redis does not answer") from error


def _letter(fields: dict[bytes, bytes]) -> dict[str, Any]:
    letter: dict[str, Any] = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
    try:
        letter["fields"] = json.loads(letter.get("fields", "{}"))
    except ValueError:
        letter["fields"] = {}
    return letter

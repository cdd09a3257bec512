"""Dead letters, read from their stream: the one thing that no database of ours holds."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.bus.letters import Letters
from shared.errors import Defer


class DeadLetters:
    """The newest dead letters."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._letters = Letters(redis, prefix)

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest first.

        Raises:
            Defer: Redis does not answer.
        """
        try:
            return [letter.told() for letter in await self._letters.newest(limit)]
        except (RedisError, OSError) as error:
            raise Defer("redis does not answer") from error

    async def count(self) -> int:
        """How many there are.

        Raises:
            Defer: Redis does not answer.
        """
        try:
            return await self._letters.count()
        except (RedisError, OSError) as error:
            raise Defer("redis does not answer") from error

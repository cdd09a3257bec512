"""Dead letters, read from their stream, handed in again or dropped: the one thing that no database of ours holds."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared.bus.letters import Letter, Letters
from shared.bus.repair import Change, Repair, repaired
from shared.errors import Defer, Reject

T = TypeVar("T")


class DeadLetters:
    """Letters by their place in the stream (`entry`). Every method raises Defer when Redis does not answer."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix
        self._letters = Letters(redis, prefix)

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest first, without their fields, in which a whole mail may be."""
        return [summary(letter) for letter in await self.letters(limit)]

    async def letters(self, limit: int) -> list[Letter]:
        """The newest first, whole."""
        return await _asked(lambda: self._letters.newest(limit))

    async def count(self) -> int:
        """How many there are."""
        return await _asked(self._letters.count)

    async def get(self, entry: str) -> Letter | None:
        """The letter at a place."""
        found = await self.some([entry])
        return found[0] if found else None

    async def some(self, entries: Sequence[str]) -> list[Letter]:
        """The letters at these places that are still there."""
        return await _asked(lambda: self._letters.get(entries))

    async def replay(self, letter: Letter, change: Change | None = None) -> None:
        """Hand a letter in again on its stream, as it was or changed, and take it away: both or neither.

        It keeps its CloudEvents id, so that readers which have handled it drop it.

        Raises:
            Reject: it cannot go back; the text says why.
        """
        repaired(letter, change or Change(), self._prefix)
        _, why = await self.replay_all([letter], change)
        if why:
            raise Reject(why[0])

    async def replay_all(self, letters: Sequence[Letter], change: Change | None = None) -> tuple[int, list[str]]:
        """Hand letters in again; how many were, and why the others were left."""
        tally = await _asked(lambda: self._repair().replay(_page(letters), change or Change(), dry_run=False))
        return tally.done, list(tally.left.elements())

    async def drop(self, *letters: Letter) -> None:
        """Forget letters for good."""
        await _asked(lambda: self._repair().drop(_page(letters), dry_run=False))

    def _repair(self) -> Repair:
        return Repair(self._redis, self._letters, self._prefix, lambda _letter, _reason: None)


def summary(letter: Letter) -> dict[str, Any]:
    """What is told of a letter without what it carries."""
    return {"entry": letter.entry, **{name: value for name, value in letter.told().items() if name != "fields"}}


async def _page(letters: Sequence[Letter]) -> AsyncIterator[Sequence[Letter]]:
    yield letters


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except ResponseError:
        raise
    except (RedisError, OSError) as error:
        raise Defer("redis does not answer") from error

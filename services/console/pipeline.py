"""How the streams flow, as Redis tells it: what each service has not read yet, and what it has begun and not finished."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.events import EVENTS
from shared.keeper.positions import age_s, read_state

#: How long an answer is good, in seconds: many pages ask, Redis is asked once.
GOOD_S = 2.0

#: An entry that is begun for longer than this is trouble, in seconds.
SLOW_S = 60.0


@dataclass(slots=True)
class Reader:
    """One service's reading of all streams. `behind` entries are unread, `begun` read and not finished."""

    name: str
    behind: int = 0
    begun: int = 0
    oldest_s: float = 0.0

    @property
    def state(self) -> str:
        """In one word: well, busy or late."""
        return "late" if self.oldest_s > SLOW_S else "busy" if self.behind + self.begun > 0 else "well"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream."""

    name: str
    length: int
    behind: int


@dataclass(slots=True)
class Flow:
    """Everything at one moment. Not `is_there`: Redis does not answer, and nothing else is known."""

    is_there: bool = True
    readers: dict[str, Reader] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)


class Pipeline:
    """Asks Redis, at most every two seconds."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix
        self._known, self._until = Flow(), 0.0

    async def flow(self) -> Flow:
        """The state of all streams that exist; one that says so when Redis does not answer."""
        if time.monotonic() >= self._until:
            try:
                self._known = await self._look()
            except (RedisError, OSError):
                self._known = Flow(is_there=False)
            self._until = time.monotonic() + GOOD_S
        return self._known

    async def _look(self) -> Flow:
        flow, at = Flow(), datetime.now(UTC)
        for kind in EVENTS:
            state = await read_state(self._redis, f"{self._prefix}:{kind.STREAM}")
            if not state or not (state.length or state.groups):
                continue
            behind = 0
            for name, position in state.groups.items():
                reader = flow.readers.setdefault(name, Reader(name))
                reader.behind += position.lag or 0
                reader.begun += position.pending
                if position.oldest:
                    reader.oldest_s = max(reader.oldest_s, age_s(position.oldest, at))
                behind = max(behind, (position.lag or 0) + position.pending)
            flow.streams.append(Stream(kind.STREAM.removesuffix(".v1"), state.length, behind))
        return flow

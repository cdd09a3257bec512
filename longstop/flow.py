"""How events flow: every stream with its readers at one moment, and how fast between two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from shared.keeper.positions import State, age_s, read_state


@dataclass(frozen=True, slots=True)
class Reader:
    """A group that reads a stream. `lag` entries are unread (None: Redis cannot tell), `pending` read and not done with."""

    name: str
    lag: int | None
    pending: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Flow:
    """A stream. `added` counts every entry that it ever had; `per_s` those since the moment before, a second."""

    stream: str
    length: int
    added: int
    per_s: float
    readers: tuple[Reader, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """All streams that exist, in the order asked."""

    at: datetime
    flows: tuple[Flow, ...]

    def told(self) -> Iterator[dict[str, Any]]:
        """One object a stream, for programs."""
        for flow in self.flows:
            readers = [
                {"group": one.name, "lag": one.lag, "pending": one.pending, "oldest_s": round(one.oldest_s, 1)}
                for one in flow.readers
            ]
            yield {
                "at": self.at.isoformat(),
                "stream": flow.stream,
                "length": flow.length,
                "added": flow.added,
                "per_s": round(flow.per_s, 2),
                "readers": readers,
            }


async def look(redis: Redis, prefix: str, streams: Sequence[str], before: Moment | None = None) -> Moment:
    """The state of these streams now.

    Raises:
        RedisError: Redis does not answer.
    """
    flows = []
    at = datetime.now(UTC)
    earlier = {flow.stream: flow for flow in before.flows} if before else {}
    for stream in streams:
        state = await read_state(redis, f"{prefix}:{stream}")
        if state and (state.length or state.groups):
            flows.append(_flow(stream, state, earlier.get(stream), before.at if before else at, at))
    return Moment(at, tuple(flows))


def _flow(stream: str, state: State, earlier: Flow | None, since: datetime, at: datetime) -> Flow:
    added = state.length + state.gone
    seconds = (at - since).total_seconds()
    per_s = max(0, added - earlier.added) / seconds if earlier and seconds > 0 else 0.0
    readers = tuple(
        Reader(name, position.lag, position.pending, age_s(position.oldest, at) if position.oldest else 0.0)
        for name, position in sorted(state.groups.items())
    )
    return Flow(stream, state.length, added, per_s, readers)

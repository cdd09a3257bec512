"""Where the readers of a stream stand, as one snapshot of Redis says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared.entry_ids import START, EntryId, entry_id_of


@dataclass(frozen=True, slots=True)
class Position:
    """Where one group stands: everything before `horizon` is acknowledged by it."""

    horizon: EntryId
    read: int | None  # entries read so far; Redis cannot always tell
    lag: int | None  # entries that it has not read; the same
    pending: int
    oldest: EntryId | None  # the oldest entry that is read and not acknowledged


@dataclass(frozen=True, slots=True)
class State:
    """A stream at one moment. `there` says which of the asked entries it still holds.

    Trimming (XTRIM) does not move `last_deleted`, deleting (XDEL) does; `gone` counts both.
    """

    length: int
    groups: Mapping[str, Position] = field(default_factory=dict)
    there: Sequence[bool] = ()
    last_deleted: EntryId = START
    gone: int = 0

    @property
    def horizon(self) -> EntryId:
        """Every group has acknowledged everything before it."""
        return min((position.horizon for position in self.groups.values()), default=START)


async def read_state(redis: Redis, stream: str, entries: Sequence[str] = ()) -> State | None:
    """The state of a stream, and whether it holds `entries`, all of one moment; None when the groups changed meanwhile.

    Raises:
        RedisError: Redis does not answer as expected.
    """
    names = [group["name"] for group in await _groups(redis, stream)]
    snapshot: Any = redis.pipeline(transaction=True)
    snapshot.xlen(stream)
    snapshot.xinfo_groups(stream)
    for name in names:
        snapshot.xpending(stream, name)
    for entry in entries:
        snapshot.xrange(stream, entry, entry)
    snapshot.xinfo_stream(stream)
    length, groups, *answers, info = await snapshot.execute(raise_on_error=False)
    pending = answers[: len(names)]
    if not length and isinstance(groups, ResponseError):
        return State(0, there=[False] * len(entries))
    if isinstance(groups, Exception) or [group["name"] for group in groups] != names:
        return None
    if trouble := next((answer for answer in (length, *answers, info) if isinstance(answer, Exception)), None):
        raise trouble if isinstance(trouble, RedisError) else RedisError(str(trouble))
    return State(
        length,
        {group["name"].decode(): _position(group, some) for group, some in zip(groups, pending, strict=True)},
        [bool(found) for found in answers[len(names) :]],
        entry_id_of(info["max-deleted-entry-id"]),
        int(info["entries-added"]) - int(length),
    )


async def which_are_there(redis: Redis, stream: str, entries: Sequence[str]) -> list[bool]:
    """Whether the stream holds each of these entries.

    Raises:
        RedisError: Redis does not answer.
    """
    pipeline: Any = redis.pipeline(transaction=False)
    for entry in entries:
        pipeline.xrange(stream, entry, entry)
    return [bool(found) for found in await pipeline.execute()]


def age_s(entry_id: EntryId, at: datetime) -> float:
    """The age of an entry in seconds, by Redis' own clock in its id."""
    return max(0.0, (at - datetime.fromtimestamp(entry_id[0] / 1000, UTC)).total_seconds())


async def _groups(redis: Any, stream: str) -> list[dict[str, Any]]:
    try:
        groups: list[dict[str, Any]] = await redis.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return []
    return groups


def _position(group: Mapping[str, Any], pending: Mapping[str, Any]) -> Position:
    read_up_to = entry_id_of(group["last-delivered-id"])
    oldest = entry_id_of(pending["min"]) if pending["pending"] else None
    return Position(
        horizon=oldest or (read_up_to[0], read_up_to[1] + 1),
        read=group.get("entries-read"),
        lag=group.get("lag"),
        pending=int(pending["pending"]),
        oldest=oldest,
    )

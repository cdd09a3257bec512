"""Pending entries: our own failures when their delay is over, and those of readers that are gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import RedisError

from shared.bus.entries import RawFields
from shared.metrics import EVENTS_VANISHED
from shared.settings import Settings

#: Longest delay between attempts at one event, in milliseconds.
RETRY_MAX_MS = 300_000

#: Pages of pending entries that are looked through in one round: a reader with more failures than this has other worries.
PAGES_MAX = 50

#: From this attempt on an entry is handled alone: if it ends the process, it takes no other with it.
ALONE_FROM = 3

Entry = tuple[str, RawFields, int]


@dataclass(slots=True)
class Claims:
    """Takes over what is due of one group."""

    group: str
    settings: Settings

    async def waiting(self, redis: Any, streams: Iterable[str]) -> list[str]:
        """The streams with an entry that has been pending for a while, by one question; none when Redis does not answer."""
        asked = list(streams)
        pipeline = redis.pipeline(transaction=False)
        for stream in asked:
            pipeline.xpending_range(stream, self.group, min="-", max="+", count=1, idle=self.settings.retry_base_ms)
        try:
            answers = await pipeline.execute(raise_on_error=False)  # a stream that was wiped has no group
        except (RedisError, OSError):
            return []
        return [stream for stream, found in zip(asked, answers, strict=True) if found and isinstance(found, list)]

    async def take(self, redis: Any, stream: str, in_flight: set[tuple[str, str]], limit: int) -> list[Entry]:
        """Claim up to `limit` due entries of a stream: id, fields, and which attempt this is.

        Raises:
            RedisError: Redis does not answer; what was claimed stays pending.
        """
        due: dict[str, int] = {}
        after = "-"
        for _ in range(PAGES_MAX):
            page = await redis.xpending_range(
                stream,
                self.group,
                min=after,
                max="+",
                count=self.settings.batch_max,
                idle=self.settings.retry_base_ms,
            )
            for entry in page:
                entry_id = entry["message_id"].decode()
                if (stream, entry_id) not in in_flight and self._is_due(entry):
                    due[entry_id] = int(entry["times_delivered"]) + 1
            if len(page) < self.settings.batch_max or len(due) >= limit:
                break
            after = f"({page[-1]['message_id'].decode()}"
        chosen = list(due)[:limit]
        return await self._claim(redis, stream, chosen, due) if chosen else []

    async def forget_attempt(self, redis: Any, stream: str, entries: list[Entry]) -> None:
        """Count the attempts at these entries back by one: it was not they that failed.

        Raises:
            RedisError: Redis does not answer; the attempt counts.
        """
        pipeline = redis.pipeline(transaction=False)
        for entry_id, _, attempts in entries:
            pipeline.xclaim(
                stream, self.group, self.settings.replica, 0, [entry_id], retrycount=max(attempts - 1, 0), justid=True
            )
        await pipeline.execute()

    async def _claim(self, redis: Any, stream: str, chosen: list[str], due: Mapping[str, int]) -> list[Entry]:
        claimed = await redis.xclaim(stream, self.group, self.settings.replica, self.settings.retry_base_ms, chosen)
        found = {entry_id.decode(): fields for entry_id, fields in claimed if fields}
        if missing := [entry_id for entry_id in chosen if entry_id not in found]:
            await self._look_for(redis, stream, missing)
        return [(entry_id, fields, due[entry_id]) for entry_id, fields in found.items()]

    async def _look_for(self, redis: Any, stream: str, missing: list[str]) -> None:
        """Another replica was quicker, or the entry was deleted unread: a trimming that is not ours."""
        pipeline = redis.pipeline(transaction=False)
        for entry_id in missing:
            pipeline.xrange(stream, entry_id, entry_id)
        vanished = sum(not found for found in await pipeline.execute())
        if vanished:
            EVENTS_VANISHED.labels(self.group, stream).inc(vanished)
            structlog.stdlib.get_logger("bus").error(
                "entries were deleted before they were handled: nobody but Longstop may trim its streams",
                service=self.group,
                stream=stream,
                entries=vanished,
            )

    def _is_due(self, entry: Mapping[str, Any]) -> bool:
        idle_ms: int = int(entry["time_since_delivered"])
        if entry["consumer"].decode() != self.settings.replica:
            return idle_ms >= self.settings.claim_idle_ms
        delay_ms: int = self.settings.retry_base_ms << min(max(int(entry["times_delivered"]) - 1, 0), 20)
        return idle_ms >= min(delay_ms, RETRY_MAX_MS)

"""What became of the mails: the events of one demo, gathered from the streams as any watcher would."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from longstop.bus import redis_of
from longstop.where import Endpoints

Data = dict[str, Any]


@dataclass(slots=True)
class Story:
    """Events by stream, in order."""

    found: Endpoints
    events: dict[str, list[Data]] = field(default_factory=dict)

    def of(self, stream: str) -> list[Data]:
        """The data of every event of one stream."""
        return self.events.get(stream, [])

    async def read(self) -> None:
        """Read every stream of Longstop from its beginning."""
        redis: Any = redis_of(self.found)
        prefix = f"{self.found.stream_prefix}:"
        async for key in redis.scan_iter(match=f"{prefix}*.v1", _type="stream"):
            entries = await redis.xrange(key)
            self.events[key.decode().removeprefix(prefix)] = [_data(fields) for _, fields in entries]
        await redis.aclose()

    async def wait(self, done: Callable[["Story"], bool], patience_s: float) -> bool:
        """Read until `done` or until patience ends; whether it was done."""
        deadline = time.monotonic() + patience_s
        while True:
            await self.read()
            if done(self):
                return True
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.1)

    def report_of(self, raw: bytes) -> Data | None:
        """The report of exactly these bytes."""
        sha256 = hashlib.sha256(raw).hexdigest()
        return next((one for one in self.of("report.received.v1") if one["message"]["sha256"] == sha256), None)

    def resolution_of(self, report_id: str) -> Data | None:
        """What a report was told last."""
        told = [one for one in self.of("report.resolved.v1") if one["report_id"] == report_id]
        return max(told, key=lambda one: int(one["version"]), default=None)

    def digested(self) -> set[str]:
        """Who got a digest; answers to reports are notifications, too."""
        return {one["recipient"] for one in self.of("notification.sent.v1") if one["kind"] == "digest"}


def _data(fields: dict[bytes, bytes]) -> Data:
    if b"data" in fields:
        try:
            found: Data = json.loads(fields[b"data"])
        except ValueError:
            return {}
        return found
    return {name.decode(): value.decode(errors="replace") for name, value in fields.items()}

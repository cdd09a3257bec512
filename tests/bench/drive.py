"""Hands in reports and sees them resolved: one client, as light as Python allows, so that it is not what is measured."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from shared.events import ReportResolved
from shared.packed import send_packed
from tests.bench.farm import Farm
from tests.bench.process import Usage
from tests.bench.specimens import DOOR, Report

#: Reports on their way at once, with a bounded client: enough that every service finds full batches.
WINDOW = 1_000

#: Entries in one pipeline of the client.
PIPELINE = 200

#: No report resolved for so long, in seconds, is an end.
STALLED_S = 60.0

PREFIX = "longstop"

_REPORT_ID = re.compile(rb'"report_id":"([0-9a-f-]{36})"')


@dataclass(slots=True)
class Flow:
    """One measured flow of reports."""

    reports: int
    began: float
    at: list[float] = field(default_factory=list)  # when each was seen resolved, by time.monotonic
    before: dict[str, Usage] = field(default_factory=dict)
    after: dict[str, Usage] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """From the first report handed in to the last one resolved."""
        return self.at[-1] - self.began

    @property
    def rate(self) -> float:
        """Reports a second."""
        return self.reports / self.seconds

    def tenths(self) -> list[float]:
        """Reports a second of each tenth."""
        marks = [self.began, *(self.at[len(self.at) * tenth // 10 - 1] for tenth in range(1, 11))]
        return [self.reports / 10 / max(later - earlier, 0.001) for earlier, later in pairwise(marks)]

    def cpu_ms(self) -> dict[str, float]:
        """Processor time of each process for one report, in milliseconds."""
        return {name: (self.after[name].cpu_s - one.cpu_s) * 1000 / self.reports for name, one in self.before.items()}


class Resolved:
    """The stream `report.resolved`, read from now on; every report is told once."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._stream = f"{PREFIX}:{ReportResolved.STREAM}"
        self._last = b"$"
        self._told: set[bytes] = set()

    async def begin(self) -> None:
        """Begin behind what is there."""
        newest = await self._farm.redis.xrevrange(self._stream, count=1)
        self._last = newest[0][0] if newest else b"0"

    async def more(self, wait_ms: int) -> list[bytes]:
        """Ids of reports that were not told before; empty when nothing comes within the wait."""
        answer = await self._farm.redis.xread({self._stream: self._last}, count=1_000, block=wait_ms)
        if not answer:
            return []
        entries = answer[0][1]
        self._last = entries[-1][0]
        ids = (match[1] for _, fields in entries if (match := _REPORT_ID.search(fields[b"data"])))
        fresh = [one for one in dict.fromkeys(ids) if one not in self._told]
        self._told.update(fresh)
        return fresh


async def submit(farm: Farm, reports: Sequence[Report]) -> None:
    """Publish reports in one pipeline."""
    await send_packed(farm.redis, [("XADD", f"{PREFIX}:{DOOR}", "*", *one.entry()) for one in reports])


async def flow(
    farm: Farm,
    make: Callable[[int], Report],
    count: int,
    *,
    window: int = WINDOW,
    mark: Callable[[int], None] | None = None,
) -> Flow:
    """Hand in `count` reports, at most `window` on their way at once, and wait until all are resolved.

    Args:
        mark: called with the number of reports resolved after each read.
    """
    resolved = Resolved(farm)
    await resolved.begin()
    waiting = {make(number).report_id.encode() for number in range(count)}
    measured = Flow(count, time.monotonic(), before=farm.usages())
    sending = asyncio.create_task(_send(farm, make, measured, window))
    moved = time.monotonic()
    while waiting:
        ids = waiting.intersection(await resolved.more(200))
        now = time.monotonic()
        if ids:
            waiting -= ids
            measured.at += [now] * len(ids)
            moved = now
            if mark:
                mark(len(measured.at))
        elif now - moved > STALLED_S:
            farm.check()
            raise RuntimeError(f"{len(waiting)} of {count} reports are not resolved")
    await sending
    measured.after = farm.usages()
    return measured


async def _send(farm: Farm, make: Callable[[int], Report], measured: Flow, window: int) -> None:
    sent = 0
    while sent < measured.reports:
        free = min(window - (sent - len(measured.at)), PIPELINE, measured.reports - sent)
        if free < min(PIPELINE // 2, measured.reports - sent):
            await asyncio.sleep(0.01)
            continue
        await submit(farm, [make(number) for number in range(sent, sent + free)])
        sent += free

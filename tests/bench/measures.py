"""What is measured: each a run of its own on a fresh Redis and fresh databases."""

import asyncio
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.drive import PREFIX, Flow, Resolved, flow, submit
from tests.bench.farm import ROOT, Farm, Shape, end, farm, server
from tests.bench.loops import PROCESSES
from tests.bench.process import folder_mib
from tests.bench.specimens import DOOR, Report, report

#: Reports of a steady load that may be on their way at once.
LOAD_ON_ITS_WAY_MAX = 500

#: How long one load is probed, in seconds: what a busy neighbour slows down must not go on for ever.
PROBES_MAX_S = 60.0

_KEY = re.compile(rb'"report_id": ?"([a-z0-9]+)"')


@dataclass(frozen=True, slots=True)
class Latency:
    """Times in milliseconds, sorted."""

    of_ms: Sequence[float]

    def at(self, share: float) -> float:
        """The time that this share of all stays under."""
        return self.of_ms[min(int(len(self.of_ms) * share), len(self.of_ms) - 1)]


@dataclass(frozen=True, slots=True)
class Growth:
    """A long flow: how it went, and what it left."""

    flow: Flow
    rss_mib: dict[str, float]
    database_mib: float


async def durable(folder: Path, count: int, *, batch_max: int = 200, window: int = 1_000) -> Growth:
    """Reports through the four services."""
    async with farm(folder, Shape(batch_max=batch_max)) as made:
        await flow(made, lambda number: report("warm", number), min(200, count))
        done = await flow(made, lambda number: report("main", number), count, window=window)
        rss = {name: one.rss_mib for name, one in done.after.items() if name != "client"}
        return Growth(done, rss, folder_mib(folder / "db"))


async def bare(folder: Path, count: int) -> float:
    """Reports a second through bare loops."""
    folder.mkdir(parents=True)
    async with server(folder) as made:
        for number, hops in enumerate(PROCESSES):
            command = [sys.executable, "-m", "tests.bench.loops", made.url, ",".join(hops)]
            made.processes[str(number)] = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220 - once, before anything is measured
        try:
            await _through(made, 200, "warm")
            began = time.monotonic()
            await _through(made, count, "main")
            return count / (time.monotonic() - began)
        finally:
            await end(made.processes)


async def _through(made: Farm, count: int, run: str) -> None:
    """Publish, at most a thousand on their way, and wait until all have come out."""
    before = int(await made.redis.xlen(f"{PREFIX}:report.resolved.v1"))
    sent = 0
    while (out := int(await made.redis.xlen(f"{PREFIX}:report.resolved.v1")) - before) < count:
        free = min(1_000 - (sent - out), 200, count - sent)
        if free > 0:
            await submit(made, [report(run, number) for number in range(sent, sent + free)])
            sent += free
        else:
            await asyncio.sleep(0.005)
        made.check()


async def latencies(folder: Path, rate: float, samples: int) -> dict[str, tuple[Latency, Latency]]:
    """From handing in to resolved and to the gateway's hash: idle, and at half and nine tenths of `rate`."""
    found = {}
    async with farm(folder, Shape()) as made:
        await flow(made, lambda number: report("warm", number), 200)
        for name, share in (("idle", 0.0), ("50 %", 0.5), ("90 %", 0.9)):
            load = asyncio.create_task(_load(made, rate * share, f"load{int(share * 10)}")) if share else None
            resolved: list[float] = []
            listed: list[float] = []
            began = time.monotonic()
            for number in range(samples):
                if time.monotonic() - began > PROBES_MAX_S and resolved:
                    break
                one = report(f"probe{int(share * 10)}", number, listed=True)
                took = await _probe(made, one)
                resolved.append(took[0])
                listed.append(took[1])
            if load:
                load.cancel()
                await asyncio.gather(load, return_exceptions=True)
                await asyncio.sleep(2)
            found[name] = Latency(sorted(resolved)), Latency(sorted(listed))
    return found


async def _load(made: Farm, rate: float, run: str) -> None:
    """Steady load, in small portions; it waits when too much is on its way, for an overload measures nothing."""
    stream = f"{PREFIX}:report.resolved.v1"
    before = int(await made.redis.xlen(stream))
    sent, began = 0, time.monotonic()
    while True:
        due = int((time.monotonic() - began) * rate) - sent
        if due > 0 and sent - (int(await made.redis.xlen(stream)) - before) > LOAD_ON_ITS_WAY_MAX:
            began += 0.02
        elif due > 0:
            await submit(made, [report(run, number, listed=False) for number in range(sent, sent + due)])
            sent += due
        await asyncio.sleep(0.02)


async def _probe(made: Farm, one: Report) -> tuple[float, float]:
    """One report's times in milliseconds: until it was resolved, until the gateway knew its sender."""
    resolved = Resolved(made)
    await resolved.begin()
    began = time.monotonic()
    await submit(made, [one])
    told = at_gateway = 0.0
    waited = asyncio.create_task(_told(resolved, one.report_id.encode()))
    while not (told and at_gateway):
        if not at_gateway and await made.redis.hexists(f"{PREFIX}:gateway", one.place):
            at_gateway = time.monotonic()
        if not told and waited.done():
            told = waited.result()
        await asyncio.sleep(0.001)
        if time.monotonic() - began > 60:
            made.check()
            raise RuntimeError(f"report {one.report_id} takes longer than a minute")
    return (told - began) * 1000, (at_gateway - began) * 1000


async def _told(resolved: Resolved, report_id: bytes) -> float:
    while report_id not in await resolved.more(500):
        pass
    return time.monotonic()


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


__all__ = ["DOOR", "Growth", "Latency", "bare", "durable", "latencies", "middle"]

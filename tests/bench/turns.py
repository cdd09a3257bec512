"""How long a mail may have to wait for the block list's own work: `python -m tests.bench.turns [COUNT]`.

Whatever one turn of the event loop does, everybody else waits for. Turns are measured by the loop's own processor time, so that what else the
machine does says nothing: while a list is taken in, while the gateway's hash is written, and while both are compared.
"""

import asyncio
import sys
import tempfile
import time
from asyncio import events
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

from services.blocklist.checking import Wanted
from services.blocklist.imports import Importer
from services.blocklist.jobs import KeepGateway
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import METADATA
from shared.blobs import open_blobs
from shared.bus import connect
from shared.embedded import EmbeddedRedis
from shared.run import Room
from shared.work import Database
from tests.bench.entries import pieces
from tests.bench.timings import tell

COUNT = 60_000
COMPARISONS = 10

turns: list[float] = []
run_handle = events.Handle._run


def run_timed(handle: events.Handle) -> None:
    began = time.thread_time()
    run_handle(handle)
    turns.append((time.thread_time() - began) * 1_000)


async def main(count: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="longstop-turns-") as name:
        folder = Path(name)
        server = EmbeddedRedis(folder)
        await server.start()
        database = Database(f"sqlite:///{folder}/book.db", "blocklist", METADATA)
        await database.create()
        redis = connect(server.url)
        settings = BlocklistSettings(data_dir=folder, redis_url=server.url)
        try:
            await measure(count, Room(settings, database, open_blobs(folder), redis))
        finally:
            await redis.aclose()
            await database.close()
            await server.stop()


async def measure(count: int, room: Room) -> None:
    importer, keeper = Importer(room), KeepGateway(room)
    await keeper.apply()
    content = [piece async for piece in pieces(count)]
    tell("| turns of the loop, ms | 99 % | longest | processor time, s |")
    await told("a list is taken in", importer.take(_again(content), WANTED))
    await told("the hash is written", _write(keeper))
    await told(f"{COMPARISONS} comparisons", _compare(keeper))


WANTED = Wanted("text", "block", "tenant", "30d", "", "bench", dry_run=False, skip_bad=False)


async def _again(content: list[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def _write(keeper: KeepGateway) -> None:
    while await keeper.apply():
        await asyncio.sleep(0)


async def _compare(keeper: KeepGateway) -> None:
    for _ in range(COMPARISONS):
        await keeper.reconcile()


async def told(what: str, work: Awaitable[object]) -> None:
    await asyncio.sleep(0)
    turns.clear()
    used = time.process_time()
    await asyncio.ensure_future(work)
    await asyncio.sleep(0)
    turns.sort()
    tell(f"| {what} | {turns[int(len(turns) * 0.99)]:.1f} | {turns[-1]:.1f} | {time.process_time() - used:.1f} |")


if __name__ == "__main__":
    setattr(events.Handle, "_run", run_timed)  # noqa: B010 - asyncio has no other place for it
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))

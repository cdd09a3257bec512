"""A long book: `python -m tests.bench.entries [COUNT]` takes a list of so many entries in, and asks before, meanwhile and after.

It tells how long the import took by the clock and by the processor, how long answers took at the client's end of a loopback connection (one
question at a time) and inside the server, and what the process and Redis hold in memory. Longstop runs as its own process.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from shared.bus import connect
from tests.bench.process import peak_mib, usage
from tests.bench.timings import Timings, tell
from tests.mails import mail
from tests.milter_client import MilterClient
from tests.services import free_port
from tests.waiting import until

COUNT = 1_000_000
QUESTIONS = 1_000
MIB = 1024 * 1024

#: While a list is taken in, each door is asked so often, in seconds.
MEANWHILE_S = 0.05

MAIL = mail(body="See https://a.b.shop.example/x/y/z?q=1 and http://other.example/", message_id="m@x")
QUESTION = b"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b.example\nrecipient=ana@example.org\nclient_address=192.0.2.7\n\n"
CHECK = {"from": "a@b.c.example", "recipient": "ana@example.org", "urls": ["http://x.example/a/b"], "ip": "192.0.2.7"}


def lines(count: int) -> Iterator[bytes]:
    """A list like a feed's: addresses, domains, hosts, pages, files, networks."""
    for number in range(count):
        yield (
            f"fee{number}@parcel.example",
            f"d{number}.example",
            f"http://h{number}.example/",
            f"http://pages.example/p{number}",
            f"{number:064x}",
            f"2001:db8:{number % 65536:x}:{number // 65536:x}::/64",
        )[number % 6].encode() + b"\n"


@dataclass(slots=True)
class Doors:
    """Where it is asked: the milter (a whole mail), HTTP and the policy service, each by one connection."""

    http: httpx.AsyncClient
    milter: MilterClient
    policy: tuple[asyncio.StreamReader, asyncio.StreamWriter]

    async def ask_milter(self) -> None:
        await self.milter.mail(MAIL, sender="a@b.example", recipients=["ana@example.org"])

    async def ask_http(self) -> None:
        (await self.http.post("/v1/check", json=CHECK)).raise_for_status()

    async def ask_policy(self) -> None:
        reader, writer = self.policy
        writer.write(QUESTION)
        await reader.readuntil(b"\n\n")

    async def close(self) -> None:
        self.policy[1].close()
        await self.milter.leave()

    @property
    def all(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """By the names of the server's own figures."""
        return {"milter": self.ask_milter, "check": self.ask_http, "policy": self.ask_policy}


async def main(count: int) -> None:
    """Measure and print."""
    ports = {name: free_port() for name in ("BLOCKLIST", "MILTER", "POLICY")}
    with tempfile.TemporaryDirectory(prefix="longstop-entries-") as folder:
        settings = {f"LONGSTOP_{name}_PORT": str(port) for name, port in ports.items()}
        command = [sys.executable, "-m", "longstop", "up", "--data-dir", folder, "--only", "blocklist"]
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **settings}, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await measure(Path(folder), count, ports, process.pid)
        finally:
            process.terminate()
            await process.wait()


async def measure(folder: Path, count: int, ports: dict[str, int], pid: int) -> None:
    """Ask, take in and ask, ask again."""
    url = f"http://127.0.0.1:{ports['BLOCKLIST']}"
    async with httpx.AsyncClient(base_url=url, timeout=900) as http:

        async def is_up() -> bool:
            try:
                return (await http.get("/readyz")).is_success
            except httpx.HTTPError:
                return False

        await until(is_up, patience_s=60)
        redis = connect(f"unix://{next(folder.rglob('*.sock'))}")
        policy = await asyncio.open_connection("127.0.0.1", ports["POLICY"])
        doors = Doors(http, await MilterClient.connect(ports["MILTER"]), policy)
        tell(f"load: {Path('/proc/loadavg').read_text().strip()}")
        tell("| entries | door | at the client p50 | p99 | at the server p50 | p99 |")
        await ask_all(doors, "none")
        await take_in(count, doors, redis, pid)
        await ask_all(doors, f"{count:,}")
        held = int((await redis.info("memory"))["used_memory"]) // MIB
        tell(f"process: {usage(pid).rss_mib:.0f} MiB, at most {peak_mib(pid):.0f}; Redis: {held} MiB")
        await doors.close()
        await redis.aclose()


async def take_in(count: int, doors: Doors, redis: Any, pid: int) -> None:
    """Import, with questions meanwhile, until the gateway knows all."""
    server = int((await redis.info("server"))["process_id"])
    used = usage(pid).cpu_s, usage(server).cpu_s
    began, meanwhile = time.monotonic(), Meanwhile(doors)
    asking = asyncio.create_task(meanwhile.ask())
    answer = await doors.http.post("/v1/imports", content=pieces(count))
    made = answer.raise_for_status().json()["made"]
    tell(
        f"import: {made} entries in {time.monotonic() - began:.1f} s, {usage(pid).cpu_s - used[0]:.1f} s of its processor time"
    )

    async def is_written() -> bool:
        return bool(await redis.hlen("longstop:gateway") >= made)

    await until(is_written, patience_s=600)
    tell(
        f"all in the gateway's hash after {time.monotonic() - began:.1f} s, "
        f"{usage(pid).cpu_s - used[0]:.1f} s of its processor time and {usage(server).cpu_s - used[1]:.1f} s of Redis'"
    )
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await meanwhile.tell()


async def pieces(count: int) -> AsyncIterator[bytes]:
    """The list as it comes over a wire."""
    every = lines(count)
    while some := b"".join(islice(every, 2_000)):
        yield some


async def ask_all(doors: Doors, name: str) -> None:
    """Each door in turn, as fast as one asker can."""
    for door, ask in doors.all.items():
        before = await Timings.of(doors.http)
        taken = [await timed(ask) for _ in range(QUESTIONS)]
        row(name, door, taken, (await Timings.of(doors.http)).since(before))


@dataclass(slots=True)
class Meanwhile:
    """Asks every door now and then."""

    doors: Doors
    taken: dict[str, list[float]] = field(default_factory=dict)
    before: Timings | None = None

    async def ask(self) -> None:
        self.before = await Timings.of(self.doors.http)
        while True:
            for door, ask in self.doors.all.items():
                self.taken.setdefault(door, []).append(await timed(ask))
            await asyncio.sleep(MEANWHILE_S)

    async def tell(self) -> None:
        assert self.before
        spent = (await Timings.of(self.doors.http)).since(self.before)
        for door, taken in self.taken.items():
            row("meanwhile", door, taken, spent)


def row(name: str, door: str, taken: list[float], spent: Timings) -> None:
    cuts = statistics.quantiles(taken, n=100)
    cells = (cuts[49], cuts[98], *spent.at(door))
    tell(f"| {name} | {door} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")


async def timed(ask: Callable[[], Awaitable[None]]) -> float:
    """How long an answer took, in milliseconds."""
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))

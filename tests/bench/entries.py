"""A long book: `python -m tests.bench.entries [COUNT]` takes a list of so many entries in, and asks before and after.

It tells how long the import took, how long answers took at the client's end of a loopback connection (one question at a time), and what
the process and Redis hold in memory. Longstop runs as its own process.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from shared.bus import connect
from tests.mails import mail
from tests.milter_client import MilterClient
from tests.services import free_port
from tests.waiting import until

COUNT = 1_000_000
QUESTIONS = 1_000
MIB = 1024 * 1024

MAIL = mail(body="See https://a.b.shop.example/x/y/z?q=1 and http://other.example/", message_id="m@x")


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
    url = f"http://127.0.0.1:{ports['BLOCKLIST']}"
    async with httpx.AsyncClient(base_url=url, timeout=900) as http:

        async def is_up() -> bool:
            try:
                return (await http.get("/readyz")).is_success
            except httpx.HTTPError:
                return False

        await until(is_up, patience_s=60)
        redis = connect(f"unix://{_socket(folder)}")
        tell(f"| entries | {COLUMNS} |")
        await ask_all(http, ports, pid, redis, "none")
        began = time.monotonic()
        answer = await http.post("/v1/imports", content=b"".join(lines(count)))
        took = time.monotonic() - began
        tell(f"import: {answer.json()['made']} entries in {took:.0f} s, {answer.json()['fault_count']} faults")

        async def is_written() -> bool:
            return bool(await redis.hlen("longstop:gateway") >= answer.json()["made"])

        await until(is_written, patience_s=600)
        tell(f"all in the gateway's hash after {time.monotonic() - began:.0f} s")
        await ask_all(http, ports, pid, redis, f"{count:,}")
        await redis.aclose()


COLUMNS = "milter, a mail p50 | p99 | /v1/check p50 | p99 | policy p50 | p99 | process, MiB | Redis, MiB"


async def ask_all(http: httpx.AsyncClient, ports: dict[str, int], pid: int, redis: Any, name: str) -> None:
    connection = await MilterClient.connect(ports["MILTER"])
    reader, writer = await asyncio.open_connection("127.0.0.1", ports["POLICY"])
    question = b"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b.example\nrecipient=ana@example.org\nclient_address=192.0.2.7\n\n"
    check = {
        "from": "a@b.c.example",
        "recipient": "ana@example.org",
        "urls": ["http://x.example/a/b"],
        "ip": "192.0.2.7",
    }

    async def milter() -> None:
        await connection.mail(MAIL, sender="a@b.example", recipients=["ana@example.org"])

    async def over_http() -> None:
        (await http.post("/v1/check", json=check)).raise_for_status()

    async def policy() -> None:
        writer.write(question)
        await reader.readuntil(b"\n\n")

    cells = [cell for ask in (milter, over_http, policy) for cell in await times(ask)]
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // MIB
    held = int((await redis.info("memory"))["used_memory"]) // MIB
    tell(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} | {resident} | {held} |")
    writer.close()
    await connection.leave()


async def times(ask: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Half and 99 of a hundred answers took no longer, in milliseconds."""
    taken = []
    for _ in range(QUESTIONS):
        began = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - began) * 1_000)
    cuts = statistics.quantiles(taken, n=100)
    return cuts[49], cuts[98]


def tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line prints


def _socket(folder: Path) -> Path:
    return next(folder.rglob("*.sock"))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))

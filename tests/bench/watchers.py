"""How fast many watchers hear of verdicts: `python -m tests.bench.watchers [WATCHERS] [SECONDS]`.

A console of its own process, and all watchers in another; a verdict every ten milliseconds; from the moment before it is
published until each watcher has read its line. Processor time is a share of one core.
"""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from longstop.bus import redis_of
from longstop.where import endpoints
from shared.events import VerdictIssued
from tests.bench.process import usage
from tests.services import free_port
from tests.waiting import until

EVERY_S = 0.01


class Watcher:
    """One open stream, read as cheaply as can be: what is measured shares the machine."""

    def __init__(self) -> None:
        self.waits_ms: list[float] = []
        self.is_open = asyncio.Event()

    async def watch(self, port: int, token: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        writer.write(
            f"GET /v1/live?kinds=verdict.issued HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        while piece := await reader.read(2**16):
            at = time.time_ns()
            self.is_open.set()
            self.waits_ms += [(at - int(sent)) / 1e6 for sent in re.findall(rb'"case_id": "(\d+)"', piece)]


async def watch_all(port: int, token: str, watchers: int) -> None:
    """The other process: watch until the standard input ends, then print all waits in milliseconds."""
    all_watchers = [Watcher() for _ in range(watchers)]
    tasks = [asyncio.create_task(one.watch(port, token)) for one in all_watchers]
    for one in all_watchers:
        await one.is_open.wait()
    print("watching", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    print(json.dumps([round(wait, 2) for one in all_watchers for wait in one.waits_ms]))  # noqa: T201


async def measure(folder: Path, port: int, watchers: int, seconds: int, console: int) -> dict[str, float]:
    found = endpoints(folder)
    redis = redis_of(found)
    command = [sys.executable, "-m", "tests.bench.watchers", "watch", str(port), str(watchers)]
    pipe = asyncio.subprocess.PIPE
    clients = await asyncio.create_subprocess_exec(*command, str(folder / "api.token"), stdin=pipe, stdout=pipe)
    assert clients.stdout is not None
    await clients.stdout.readline()
    before, read_before, began = usage(console).cpu_s, usage(clients.pid).cpu_s, time.monotonic()
    sent = 0
    while time.monotonic() - began < seconds:
        verdict = VerdictIssued(
            submission_id=f"s{sent}",
            case_id=str(time.time_ns()),
            message_sha256="a" * 64,
            version=1,
            category="phishing",
            confidence=0.9,
            cause="undetermined",
        )
        fields: dict[Any, Any] = {"data": verdict.model_dump_json(), "id": verdict.event_id(), "source": "bench"}
        await redis.xadd(f"{found.stream_prefix}:{verdict.STREAM}", fields)
        sent += 1
        await asyncio.sleep(max(0.0, began + sent * EVERY_S - time.monotonic()))
    await asyncio.sleep(1)
    worked, read = usage(console).cpu_s - before, usage(clients.pid).cpu_s - read_before
    await asyncio.sleep(2)
    told, _ = await clients.communicate(b"")
    await redis.aclose()
    waits = sorted(json.loads(told))
    return {
        "watchers": watchers,
        "verdicts": sent,
        "verdicts_per_s": round(sent / seconds, 1),
        "lines_missed": sent * watchers - len(waits),
        "p50_ms": round(waits[len(waits) // 2], 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)], 1),
        "max_ms": round(waits[-1], 1),
        "console_processor": round(worked / (seconds + 1), 2),
        "clients_processor": round(read / (seconds + 1), 2),
    }


async def main(watchers: int, seconds: int) -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "LONGSTOP_CONSOLE_PORT": str(port), "LONGSTOP_LOG_LEVEL": "error"}
        command = [sys.executable, "-m", "longstop", "up", "--only", "console", "--data-dir", str(folder)]
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
        try:

            async def is_up() -> bool:
                return (folder / "endpoints.json").exists()

            await until(is_up, patience_s=60)
            print(json.dumps(await measure(folder, port, watchers, seconds, process.pid)))  # noqa: T201
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        asyncio.run(watch_all(int(sys.argv[2]), Path(sys.argv[4]).read_text(), int(sys.argv[3])))
    else:
        asyncio.run(main(*(int(word) for word in (*sys.argv[1:], "200", "10")[:2])))

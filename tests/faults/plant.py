"""A whole Longstop as processes, with a Redis server of its own behind a line that can be cut. Everything is ended by its id."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import redis

from shared.embedded import find_server
from tests.faults.proxy import Proxy
from tests.services import free_port

ROOT = Path(__file__).parents[2]
NAMES = ("ingest", "triage", "submission", "blocklist")

#: How long anything may take to come up or to get well, in seconds.
PATIENCE_S = 90.0


def until(predicate: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + patience_s
    while not predicate():
        assert time.monotonic() < deadline, f"{what}: not within {patience_s} s"
        time.sleep(0.05)


class RedisServer:
    """A redis-server with its data in a folder, every write on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.client: Any = redis.Redis(port=self.port, protocol=2, socket_timeout=5)

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "appendonly": "yes", "save": "''"}
        options |= {"appendfsync": "always", "maxmemory-policy": "noeviction", "enable-debug-command": "local"}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([find_server(), *words], stdout=log, stderr=log)
        until(self._answers, "redis-server")

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        assert self.process
        self.process.send_signal(number)
        self.process.wait(30)

    def wipe(self) -> None:
        """Kill it, lose its disk, start it again."""
        self.end()
        shutil.rmtree(self.folder)
        self.start()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


class Plant:
    """The services, by name; a second replica of one is `name.2`."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.database_url = database_url or f"sqlite:///{folder}/db/{{service}}.db"
        self.redis = RedisServer(folder / "redis")
        self.proxy_port = free_port()
        self.proxy = Proxy(self.proxy_port, self.redis.port)
        self.ports = {name: free_port() for name in (*NAMES, "smtp", "lmtp", "held_lmtp", "milter", "policy")}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def open(self) -> None:
        self.redis.start()
        self.proxy.start()
        self.heal()

    def close(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait(30)
        self.proxy.stop()
        self.redis.client.close()
        self.redis.end()

    def heal(self) -> None:
        """No fault any more, and everything runs."""
        self.proxy.heal()
        assert self.redis.process
        if self.redis.process.poll() is not None:
            self.redis.start()
        for name in NAMES:
            if name not in self.processes or self.processes[name].poll() is not None:
                self.start(name)
        for name in NAMES:
            self.wait_for(name)

    def start(self, name: str, **environment: str) -> None:
        """Start a service; `environment` is for its crash points."""
        service, _, replica = name.partition(".")
        own = {key: value for key, value in os.environ.items() if not key.startswith("LONGSTOP_")}
        ports = dict.fromkeys(self.ports, 0) if replica else self.ports
        settings = {
            "REDIS_URL": f"redis://127.0.0.1:{self.proxy_port}/0",
            "DATABASE_URL": self.database_url,
            "DATA_DIR": str(self.folder),
            "REPLICA": name,
            "OWN_DOMAINS": "example.org",
            "AUTO_BLOCK_PER_HOUR": "10000",
            "CLAIM_IDLE_MS": "1500",
            "RETRY_BASE_MS": "100",
            "KEEPER_EVERY_S": "0.5",
        } | {f"{key.upper()}_PORT": str(port) for key, port in ports.items()}
        path = os.pathsep.join([str(ROOT / "tests" / "faults" / "crash"), str(ROOT)])
        env = own | {f"LONGSTOP_{key}": value for key, value in settings.items()} | {"PYTHONPATH": path} | environment
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "longstop", "serve", service],
                env=env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_for(self, name: str) -> None:
        """Wait until its doors are open."""
        until(lambda: self.answers(name), f"{name} is up; see its log: {self.log(name)[-1500:]}")

    def answers(self, name: str) -> bool:
        """Whether it answers more than how it is: until it has started it says 503 to anything else."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports[name]}/", timeout=5, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code != httpx.codes.SERVICE_UNAVAILABLE

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(30)

    def end(self, name: str) -> int:
        """Ask it to stop; its exit code."""
        self.processes[name].terminate()
        return self.processes.pop(name).wait(60)

    def pause(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    def is_dead(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def cpu_s(self, name: str) -> float:
        """Processor time of a process up to now."""
        fields = Path(f"/proc/{self.processes[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

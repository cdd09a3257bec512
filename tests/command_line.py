"""The command line against services that run in a test."""

import asyncio
import json
import sys
from dataclasses import dataclass, fields
from typing import Any

from longstop.health import PORTS
from longstop.where import Endpoints
from tests.services import House


@dataclass(frozen=True, slots=True)
class Told:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def rows(self) -> list[Any]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def settle(made: House) -> None:
    """Let commands find this house: its addresses in its data dir."""
    names = {field.name for field in fields(Endpoints)} & PORTS.keys()
    there: dict[str, Any] = {
        name: f"http://127.0.0.1:{made.ports[PORTS[name][0]]}" for name in names if PORTS[name][0] in made.ports
    }
    Endpoints(str(made.overrides["redis_url"]), made.prefix, **there).save(made.data_dir)


async def longstop(made: House, *words: str, typed: str = "") -> Told:
    """Run a command beside this house as somebody at a terminal does, in a process of its own."""
    settle(made)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "longstop", *words, "--data-dir", str(made.data_dir)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(typed.encode())
    return Told(process.returncode or 0, out.decode(), err.decode())

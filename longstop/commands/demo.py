"""`longstop demo`: a Longstop of its own, mails through every door, and tables of what became of them."""

import asyncio
import contextlib
import os
import shutil
import smtplib
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from redis.exceptions import RedisError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from longstop import show, sources
from longstop.demo import tables
from longstop.demo.doors import Doors
from longstop.demo.mails import DemoMail, load, of_folder
from longstop.demo.steps import Examination, Step, links_of, page_of
from longstop.demo.story import Story
from longstop.where import Endpoints, endpoints, headers
from shared.errors import LongstopError
from shared.plural import counted

#: Longest wait for the services to start, and for the mails to be through, in seconds.
START_S, THROUGH_S = 60.0, 90.0

PORTS = (
    "CONSOLE",
    "INGEST",
    "SMTP",
    "LMTP",
    "HELD_LMTP",
    "MILTER",
    "POLICY",
    "BLOCKLIST",
    "DIGEST",
    "QUARANTINE",
    "MAILBOXES",
    "TRIAGE",
    "SUBMISSION",
)


def demo(
    folder: Annotated[Path | None, typer.Argument(help="Play this folder of mails instead.", exists=True)] = None,
    data_dir: Annotated[Path, typer.Option(help="Where the demo keeps its data; emptied first.")] = Path("data/demo"),
) -> None:
    """Play mails through every door and show what became of them. Exit 1 when a step did not happen."""
    mails = of_folder(sources.mails([folder])) if folder else load()
    if not mails:
        raise LongstopError(f"there is no mail in {folder}")
    steps = asyncio.run(_demo(mails, data_dir.resolve()))
    missing = [step.name for step in steps if not step.happened]
    if missing:
        raise LongstopError(f"{counted(len(missing), 'step')} did not happen: {'; '.join(missing)}")


async def _demo(mails: tuple[DemoMail, ...], data_dir: Path) -> list[Step]:
    _empty(data_dir)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=show.err
    ) as progress:
        starting = progress.add_task("starting the services", total=1)
        async with _longstop(data_dir) as found:
            progress.advance(starting)
            playing = progress.add_task("handing mails in", total=len(mails))
            refused = await _play(mails, found, data_dir, lambda: progress.advance(playing))
            waiting = progress.add_task("waiting for verdicts, blocks and digests", total=1)
            story = Story(found)
            await story.wait(lambda told: _is_through(told, mails), THROUGH_S)
            digests = tuple(path for path in sorted((data_dir / "outbox").glob("*.eml")) if links_of(path))
            seen = Examination(story, mails, tuple(refused), digests, headers(data_dir))
            steps = await seen.steps()
            progress.advance(waiting)
    for table in (
        tables.reports(seen), tables.verdicts(story), tables.blocks(story), tables.quarantine(story), tables.checklist(steps)
    ):  # fmt: skip
        show.out.print(table)
    _where_to_look(data_dir, digests)
    return steps


def _empty(data_dir: Path) -> None:
    """Start from nothing: a demo's data is nobody's. Only a folder that a demo made is emptied."""
    mark = data_dir / ".longstop-demo"
    if data_dir.exists() and any(data_dir.iterdir()):
        if not mark.exists():
            raise LongstopError(f"{data_dir} was not made by a demo: give another --data-dir")
        shutil.rmtree(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    mark.touch()


@contextlib.asynccontextmanager
async def _longstop(data_dir: Path) -> AsyncIterator[Endpoints]:
    """A Longstop as `longstop up` starts it, on free ports, stopped at the end.

    Raises:
        LongstopError: it did not start, or did not stop well.
    """
    log = data_dir / "longstop.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "longstop", "up", "--data-dir", str(data_dir), env=_environment(), stderr=file, stdout=file
        )  # fmt: skip
        try:
            yield await _started(process, data_dir, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            code = await process.wait()
    if code:
        raise LongstopError(f"Longstop ended with {code}: see {log}")


async def _started(process: asyncio.subprocess.Process, data_dir: Path, log: Path) -> Endpoints:
    for _ in range(int(START_S / 0.05)):
        if process.returncode is not None:
            raise LongstopError(f"Longstop did not start: see {log}")
        if (data_dir / "endpoints.json").exists():
            return endpoints(data_dir)
        await asyncio.sleep(0.05)
    raise LongstopError(f"Longstop did not start within {START_S:.0f} s: see {log}")


def _environment() -> dict[str, str]:
    """The settings of a demo: example.org is the organisation; digests are sent at once."""
    ports = dict(zip((f"LONGSTOP_{name}_PORT" for name in PORTS), map(str, _free_ports(len(PORTS))), strict=True))
    outside = {name: value for name, value in os.environ.items() if not name.startswith("LONGSTOP_")}
    settings = {
        "LONGSTOP_OWN_DOMAINS": "example.org",
        "LONGSTOP_SIMULATION_HEADERS": "X-Longstop-Drill: autumn-2026",
        "LONGSTOP_AUTHSERV_IDS": "mx.example.org",
        "LONGSTOP_DIGEST_EVERY_S": "1",
        "LONGSTOP_PUBLIC_URL": f"http://127.0.0.1:{ports['LONGSTOP_DIGEST_PORT']}",
    }
    return {**outside, **ports, **settings}


def _free_ports(count: int) -> Iterator[int]:
    with contextlib.ExitStack() as held:
        for _ in range(count):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            yield probe.getsockname()[1]


async def _play(mails: Sequence[DemoMail], found: Endpoints, data_dir: Path, done: Any) -> list[str]:
    """Hand every mail in; what a door refused, in words."""
    doors = Doors(found, headers(data_dir))
    refused = []
    for mail in mails:
        try:
            await doors.hand_in(mail)
        except (LongstopError, httpx.HTTPError, smtplib.SMTPException, RedisError, OSError) as error:
            refused.append(f"{mail.file} by {mail.door}: {error or type(error).__name__}")
        done()
    return refused


def _is_through(story: Story, mails: Sequence[DemoMail]) -> bool:
    """Whether every mail has reached its end: a told report, or its recipients' digests."""
    held = [mail for mail in mails if mail.is_held]
    recipients = {recipient for mail in held for recipient in mail.recipients}
    refused = len(story.of("report.rejected.v1"))
    told = {one["report_id"] for one in story.of("report.resolved.v1")}
    return (
        len(told) + refused >= len(mails) - len(held)
        and recipients <= story.digested()
        and len(story.of("quarantine.held.v1")) >= len(held)
    )


def _where_to_look(data_dir: Path, digests: Sequence[Path]) -> None:
    show.out.print("\nWhere to look", style="bold")
    for path in digests[:2]:
        show.out.print(f"  a digest mail   {os.path.relpath(path)}", markup=False)
        show.out.print(f"  in a browser    {os.path.relpath(page_of(path))}", markup=False)
    shown = os.path.relpath(data_dir)
    show.out.print(f"  the console     .venv/bin/longstop up --data-dir {shown}", markup=False)
    show.out.print(f"                  then http://127.0.0.1:8080 with the token in {shown}/api.token", markup=False)
    show.out.print(
        f"  every event     .venv/bin/longstop watch all --since 1d --data-dir {shown}  (while it is up)", markup=False
    )

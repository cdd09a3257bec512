"""`longstop doctor`: checks everything that Longstop stands on, one line each, and mends what it can."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from redis.exceptions import RedisError

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.examination import Finding, Level, at_rest, in_motion
from longstop.where import endpoints
from shared.errors import LongstopError

STYLES: dict[Level, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}

#: What was mended shows within this time, in seconds.
MENDING_S = 10


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without harm, then look again.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check everything that Longstop stands on.

    Configuration, Redis, databases, blobs, services, mail and the gateway's list, a line each; exit 1 when one fails.
    """
    findings = asyncio.run(_mended(data) if fix else examine(data))
    for finding in findings:
        _print(finding, as_json)
    if not fix and any(finding.cure for finding in findings):
        show.say("some of it can be mended: longstop doctor --fix")
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)


async def examine(data: Path | None) -> list[Finding]:
    """All findings; a check that breaks is a finding too."""
    findings = await at_rest(data)
    try:
        found = endpoints(data)
    except LongstopError as error:
        return [*findings, Finding("running", "fail", str(error))]
    return [*findings, *await in_motion(found, data)]


async def _mended(data: Path | None) -> list[Finding]:
    """The findings after every cure was tried; each is told, and so is one that did not work."""
    findings = await examine(data)
    for finding in findings:
        if finding.cure:
            try:
                await finding.cure.apply()
                show.say(f"{finding.what}: {finding.cure.words}")
            except (RedisError, OSError) as error:
                show.say(f"{finding.what}: could not {finding.cure.words}: {error}")
    for _ in range(MENDING_S):
        if not any(finding.cure for finding in findings):
            break
        await asyncio.sleep(1)
        findings = await examine(data)
    return findings


def _print(finding: Finding, as_json: bool) -> None:
    if as_json:
        line = {"check": finding.what, "level": finding.level, "words": finding.words}
        show.json_line({**line, "cure": finding.cure.words} if finding.cure else line)
        return
    show.out.print(
        f"[{STYLES[finding.level]}]{finding.level:<5}[/]", f"{finding.what:<14}", show.safe(finding.words, 300)
    )

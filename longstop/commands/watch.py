"""`longstop watch`: follows the streams live."""

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.text import Text

from longstop import show
from longstop.bus import redis_of
from longstop.commands.options import DataDir, Json
from longstop.times import moment_of
from longstop.where import Endpoints, endpoints
from shared.events import EVENTS

#: Entries of one read.
COUNT = 100

#: How long one read waits, in milliseconds.
BLOCK_MS = 1000


class What(StrEnum):
    """Families of streams."""

    reports = "reports"
    cases = "cases"
    submissions = "submissions"
    verdicts = "verdicts"
    blocks = "blocks"
    quarantine = "quarantine"
    purges = "purges"
    notifications = "notifications"
    dead = "dead"
    all = "all"


FAMILIES: Mapping[What, tuple[str, ...]] = {
    What.reports: ("report.",),
    What.cases: ("case.",),
    What.submissions: ("submission.",),
    What.verdicts: ("verdict.",),
    What.blocks: ("block.",),
    What.quarantine: ("quarantine.", "release.", "mail."),
    What.purges: ("purge.", "restore."),
    What.notifications: ("notification.",),
    What.dead: ("dead.",),
    What.all: ("",),
}

COLOURS = {"malware": "bold red", "phishing": "red", "spam": "yellow", "bulk": "yellow", "clean": "green"}


def watch(
    what: Annotated[What, typer.Argument(help="Which streams.")] = What.all,
    since: Annotated[str, typer.Option(help="From this time (RFC 3339, or 10m, 2h, 1d ago) or entry id on.")] = "",
    count: Annotated[int, typer.Option(min=0, help="End after so many events; 0: never.")] = 0,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Follow the streams live."""
    found = endpoints(data)
    start = start_id(since, datetime.now(UTC))
    asyncio.run(_watch(found, what, start, count, as_json))


def start_id(since: str, at: datetime) -> str:
    """The entry id to read from.

    Raises:
        typer.BadParameter: it is neither a time nor an id.
    """
    if not since:
        return "$"
    if re.fullmatch(r"\d{1,20}(-\d{1,20})?", since):
        return since
    return f"{int(moment_of(since, at, or_else=', or an entry id').timestamp() * 1000)}-0"


def streams(found: Endpoints, what: What) -> list[str]:
    """The names of the streams of one family."""
    names = [*(event.STREAM for event in EVENTS), "dead.v1"]
    return [f"{found.stream_prefix}:{name}" for name in names if name.startswith(FAMILIES[what])]


async def _watch(found: Endpoints, what: What, start: str, count: int, as_json: bool) -> None:
    redis: Any = redis_of(found)
    after = dict.fromkeys(streams(found, what), start)
    if start == "$":  # ask once: `$` in every read would skip what comes between two reads
        for stream in after:
            newest = await redis.xrevrange(stream, count=1)
            after[stream] = newest[0][0] if newest else "0-0"
    seen = 0
    while True:
        try:
            answer = await redis.xread(after, count=COUNT, block=BLOCK_MS)
        except (RedisError, OSError) as error:
            show.say(f"waiting for redis: {error}")
            await asyncio.sleep(1)
            continue
        for stream, entries in answer:
            for entry_id, fields in entries:
                after[stream.decode()] = entry_id
                _print(stream.decode(), entry_id.decode(), fields, as_json)
                seen += 1
                if seen == count:
                    await redis.aclose()
                    return


def _print(stream: str, entry_id: str, fields: Mapping[bytes, bytes], as_json: bool) -> None:
    entry: dict[str, Any] = {
        name.decode(errors="replace"): value.decode(errors="replace") for name, value in fields.items()
    }
    with contextlib.suppress(ValueError):
        entry["data"] = json.loads(entry.get("data", "null"))
    if as_json:
        show.json_line({"stream": stream, "entry_id": entry_id, **entry})
        return
    moment = datetime.fromtimestamp(int(entry_id.partition("-")[0]) / 1000, UTC).astimezone()
    name = stream.partition(":")[2].removesuffix(".v1")
    line = Text(f"{moment:%H:%M:%S} {name:<22} ")
    line.append(show.safe(summary(name, entry), 300), style=COLOURS.get(_category(entry), ""))
    show.out.print(line)


def _category(entry: Mapping[str, Any]) -> str:
    data = entry.get("data")
    return str(data.get("category", "")) if isinstance(data, dict) else ""


def summary(name: str, entry: Mapping[str, Any]) -> str:
    """One event in one line: its telling fields, by name."""
    if name == "dead":
        return f"{entry.get('stream', '')} {entry.get('entry_id', '')}: {entry.get('reason', '')}"
    data = entry.get("data")
    if not isinstance(data, dict):
        return str(data)
    message = data.get("message")
    flat = {**(message if isinstance(message, dict) else {}), **data}
    words = [
        f"{key}={flat[key]}"
        for key in (
            "category", "confidence", "cause", "version", "decision", "priority", "reason", "kind", "value", "action",
            "scope", "report_count", "from_address", "subject", "recipient", "report_id", "case_id", "held_id", "block_id",
        )
        if flat.get(key) not in (None, "")
    ]  # fmt: skip
    return " ".join(words)

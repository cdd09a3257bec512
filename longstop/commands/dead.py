"""`longstop dead`: what could not be processed: look at it, hand it in again, or drop it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import Endpoints, endpoints, redis_of
from shared.bus import DEAD_STREAM
from shared.errors import LongstopError

app = typer.Typer(help="Dead letters: what could not be processed.", no_args_is_help=True)

COLUMNS = ("id", "time", "stream", "group", "attempts", "reason")

#: Dead letters of one read.
PAGE = 200

Letter = dict[str, Any]


@app.command("list")
def list_letters(data: DataDir = None, as_json: Json = False) -> None:
    """List dead letters, the oldest first."""
    found = asyncio.run(_collect(endpoints(data)))
    if as_json:
        for letter in found:
            show.json_line({name: value for name, value in letter.items() if name not in ("fields", "entry")})
        return
    show.out.print(show.table("", COLUMNS, ([letter.get(column, "") for column in COLUMNS] for letter in found)))


@app.command("show")
def show_letter(letter_id: str, data: DataDir = None, as_json: Json = False) -> None:
    """Show one dead letter with its raw fields."""
    letter = asyncio.run(_one(endpoints(data), letter_id))
    shown = {name: value for name, value in letter.items() if name != "entry"}
    shown["fields"] = json.loads(shown["fields"])
    if as_json:
        show.json_line(shown)
        return
    for name, value in shown.items():
        text = json.dumps(value, indent=1) if name == "fields" else str(value)
        show.out.print(f"{name}:", *(show.safe(line, 400) for line in text.splitlines()), sep="\n  ", markup=False)


@app.command()
def replay(letter_id: str, data: DataDir = None) -> None:
    """Hand the entry in again on its stream; readers that have handled its event drop it."""
    asyncio.run(_replay(endpoints(data), letter_id))


@app.command()
def drop(letter_id: str, data: DataDir = None) -> None:
    """Forget a dead letter."""
    asyncio.run(_drop(endpoints(data), letter_id))


async def _letters(found: Endpoints) -> AsyncIterator[Letter]:
    redis: Any = redis_of(found)
    after = "-"
    try:
        while page := await redis.xrange(f"{found.stream_prefix}:{DEAD_STREAM}", min=after, count=PAGE):
            for entry_id, fields in page:
                letter: Letter = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
                yield {**letter, "entry": entry_id.decode()}
            after = f"({page[-1][0].decode()}"
    finally:
        await redis.aclose()


async def _collect(found: Endpoints) -> list[Letter]:
    return [letter async for letter in _letters(found)]


async def _one(found: Endpoints, letter_id: str) -> Letter:
    """The letter of that id, or of the only id that starts so.

    Raises:
        LongstopError: there is none, or more than one.
    """
    matches = {letter["id"]: letter async for letter in _letters(found) if letter["id"].startswith(letter_id)}
    if len(matches) != 1:
        raise LongstopError(f"{len(matches) or 'no'} dead letters start with {letter_id}")
    return next(iter(matches.values()))


async def _replay(found: Endpoints, letter_id: str) -> None:
    letter = await _one(found, letter_id)
    fields = {name: _raw(value) for name, value in json.loads(letter["fields"]).items()}
    redis: Any = redis_of(found)
    pipeline = redis.pipeline(transaction=True)
    pipeline.xadd(letter["stream"], fields)
    pipeline.xdel(f"{found.stream_prefix}:{DEAD_STREAM}", letter["entry"])
    await pipeline.execute()
    await redis.aclose()


async def _drop(found: Endpoints, letter_id: str) -> None:
    letter = await _one(found, letter_id)
    redis: Any = redis_of(found)
    await redis.xdel(f"{found.stream_prefix}:{DEAD_STREAM}", letter["entry"])
    await redis.aclose()


def _raw(value: str | dict[str, Any]) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if "cut_from_bytes" in value:
        raise LongstopError("this entry was too large to be kept whole: it cannot be replayed")
    return base64.b64decode(value["base64"])

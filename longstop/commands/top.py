"""`longstop top`: streams, their readers and the services, live in a terminal."""

import asyncio
from typing import Annotated

import httpx
import typer
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from longstop import show
from longstop.bus import redis_of
from longstop.commands.options import DataDir, Json
from longstop.flow import Flow, Moment, Reader, look
from longstop.where import Endpoints, endpoints
from shared.bus import DEAD_STREAM
from shared.events import EVENTS

#: What a reader that keeps up has at most: more unread entries, or one undone for longer, in seconds, is shown in colour.
LAG_CALM, OLDEST_CALM_S = 100, 10.0

#: How long a service may take to say that it is ready, in seconds.
READY_S = 2.0

STREAMS = (*(event.STREAM for event in EVENTS), DEAD_STREAM)


def top(
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Look again after so many seconds.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look twice, print, and end.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show how events flow. Streams, readers that lag, services that are not ready. Ends with Ctrl-C."""
    asyncio.run(_top(endpoints(data), every, once or not show.out.is_terminal, as_json))


async def _top(found: Endpoints, every_s: float, once: bool, as_json: bool) -> None:
    redis = redis_of(found)
    try:
        moment = await look(redis, found.stream_prefix, STREAMS)
        if once or as_json:
            await asyncio.sleep(every_s)
            moment = await look(redis, found.stream_prefix, STREAMS, moment)
            if as_json:
                for line in moment.told():
                    show.json_line(line)
            else:
                show.out.print(picture(moment, await readiness(found)))
            return
        await _live(redis, found, moment, every_s)
    finally:
        await redis.aclose()


async def _live(redis: Redis, found: Endpoints, moment: Moment, every_s: float) -> None:
    with Live(picture(moment, {}), console=show.out, screen=True, auto_refresh=False) as screen:
        while True:
            services = await readiness(found)
            try:
                moment = await look(redis, found.stream_prefix, STREAMS, moment)
                screen.update(picture(moment, services), refresh=True)
            except (RedisError, OSError) as error:
                screen.update(Text(f"waiting for redis: {show.safe(error)}", style="bold red"), refresh=True)
            await asyncio.sleep(every_s)


async def readiness(found: Endpoints) -> dict[str, str]:
    """What each service says of itself: `ready`, why it is not, or that it does not answer."""
    async with httpx.AsyncClient(timeout=READY_S) as http:

        async def ask(url: str) -> str:
            try:
                answer = await http.get(f"{url}/readyz")
                said = answer.json()
            except (httpx.HTTPError, ValueError):
                return "does not answer"
            return "ready" if answer.is_success else str(said.get("detail") or said.get("status") or answer.status_code)

        urls = found.services()
        return dict(zip(urls, await asyncio.gather(*map(ask, urls.values())), strict=True))


def picture(moment: Moment, services: dict[str, str]) -> Group:
    """The whole screen."""
    head = Text(f"{moment.at.astimezone():%H:%M:%S}  ")
    for name, words in services.items():
        head.append(f"{name} ", style="bold")
        head.append(f"{show.safe(words)}  ", style="green" if words == "ready" else "bold red")
    table = Table(header_style="bold", border_style="dim", expand=False)
    for name, side in (("stream", "left"), ("entries", "right"), ("a second", "right"), ("readers", "left")):
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    shown = [flow for flow in moment.flows if flow.length or is_behind(flow)]
    for flow in sorted(shown, key=lambda flow: not is_behind(flow)):
        table.add_row(flow.stream.removesuffix(".v1"), f"{flow.length:,}", _speed(flow), _readers(flow))
    return Group(head, table, Text(f"and {len(moment.flows) - len(shown)} streams without entries", style="dim"))


def is_behind(flow: Flow) -> bool:
    """Whether a person should look: a reader is behind, or there are dead letters."""
    return bool(flow.stream == DEAD_STREAM and flow.length) or any(map(_is_late, flow.readers))


def _speed(flow: Flow) -> Text:
    return Text(f"{flow.per_s:,.1f}" if flow.per_s else "", style="cyan")


def _readers(flow: Flow) -> Text:
    """Each reader by name; one that is behind says by how much."""
    line = Text()
    if flow.stream == DEAD_STREAM and flow.length:
        line.append("see: longstop dead list", style="bold red")
    for reader in flow.readers:
        line.append(f"{show.safe(reader.name)} ", style="")
        line.append(f"{_standing(reader)}  ", style=_style(reader))
    return line


def _standing(reader: Reader) -> str:
    behind = [f"{reader.lag:,} unread"] if reader.lag else ["?"] if reader.lag is None else []
    if reader.pending:
        behind.append(f"{reader.pending:,} undone for {reader.oldest_s:,.0f} s")
    return ", ".join(behind) or "ok"


def _style(reader: Reader) -> str:
    return "bold yellow" if _is_late(reader) else "dim"


def _is_late(reader: Reader) -> bool:
    return (reader.lag or 0) > LAG_CALM or reader.oldest_s > OLDEST_CALM_S

"""`longstop replay`: a service reads its stored events again, into a database of its own."""

import asyncio
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status
from sqlalchemy.engine import make_url

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.commands.watch import start_id
from longstop.compare import Difference, compare
from longstop.replay import Replay, Tally
from longstop.services import NAMES, service
from longstop.stored import Span, is_there
from longstop.where import data_dir, endpoints
from shared import log
from shared.entry_ids import entry_id_of
from shared.errors import LongstopError
from shared.interpreter import spare_collector
from shared.run import Service
from shared.settings import Settings
from shared.work import Database

COLUMNS = ("table", "same", "different", "only there", "only in the replay", "columns that differ")


def replay(
    name: Annotated[str, typer.Option("--service", help=f"Which: {', '.join(NAMES)}.")],
    since: Annotated[
        str, typer.Option(help="From this time on (RFC 3339, or 10m, 2h, 1d ago); 0: from the beginning.")
    ],
    until: Annotated[str, typer.Option(help="Up to this time; now, when not given.")] = "",
    into: Annotated[
        str, typer.Option(help="URL of an empty database; a new SQLite file under the data dir, when not given.")
    ] = "",
    comparing: Annotated[
        bool, typer.Option("--compare", help="Tell how the rows differ from those of the service now.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Feed a service again from its stored events.

    Into a fresh database. Its handlers run with the clock of the time; nothing is published, sent, blocked or analysed, and the running service
    is not touched.
    """
    if name not in NAMES:
        raise typer.BadParameter(f"there is no such service; there are {', '.join(NAMES)}", param_hint="--service")
    log.configure("error")
    at = datetime.now(UTC)
    span = Span(_moment(since, at), _moment(until, at) if until else at)
    chosen = service(name)
    settings = _settings(chosen, data)
    target = into or f"sqlite:///{data_dir(data) / f'replay-{name}-{at:%Y%m%dT%H%M%S}.db'}"
    with show.err.status("reading") as status:
        tally, differences = asyncio.run(_replay(chosen, settings, target, span, status, comparing=comparing))
    _tell(make_url(target).render_as_string(), tally, differences, as_json=as_json)
    if tally.dead or tally.waiting:
        raise typer.Exit(1)


def _moment(text: str, at: datetime) -> datetime:
    return datetime.fromtimestamp(entry_id_of(start_id(text, at))[0] / 1000, UTC)


def _settings(chosen: Service, data: Path | None) -> Settings:
    """The service's settings, with the server that `longstop up` has started, when there is one."""
    if os.environ.get("LONGSTOP_REDIS_URL"):
        return chosen.settings(data_dir=data_dir(data))
    try:
        found = endpoints(data)
    except LongstopError:
        return chosen.settings(data_dir=data_dir(data))
    return chosen.settings(data_dir=data_dir(data), redis_url=found.redis_url, stream_prefix=found.stream_prefix)


async def _replay(
    chosen: Service, settings: Settings, target: str, span: Span, status: Status, *, comparing: bool
) -> tuple[Tally, list[Difference]]:
    if make_url(target).get_backend_name() == "sqlite" and is_there(target):
        raise LongstopError("the database to replay into is there already: name one that is not")
    fresh = Database(target, chosen.name, chosen.tables)
    try:
        await _must_be_empty(fresh)
        replay = Replay(chosen, settings, fresh)
        spare_collector()
        tally = await replay.run(span, lambda so_far: status.update(f"{so_far.handled:,} events handled"))
        if not comparing:
            return tally, []
        status.update("comparing")
        now = Database(settings.database_url_of(chosen.name), chosen.name, chosen.tables)
        try:
            return tally, await compare(now, fresh, chosen.tables)
        finally:
            await now.close()
    finally:
        await fresh.close()


async def _must_be_empty(fresh: Database) -> None:
    await fresh.create()
    full = await fresh.look(lambda session: session.execute(fresh.inbox.select().limit(1)).first() is not None)
    if full:
        raise LongstopError("the database to replay into holds receipts already: name an empty one")


def _tell(target: str, tally: Tally, differences: list[Difference], *, as_json: bool) -> None:
    for note in tally.notes:
        show.say(note)
    if as_json:
        show.json_line({"into": target, **asdict(tally), "tables": [asdict(one) for one in differences]})
        return
    show.out.print(f"{tally.handled:,} events were handled again, into {target}", markup=False)
    if tally.repeated:
        show.out.print(f"{tally.repeated:,} were found twice, which is usual: in a database and in a stream")
    if tally.dead or tally.waiting:
        show.say(f"{tally.dead:,} cannot be handled, {tally.waiting:,} wait for what is not there")
    if differences:
        rows = [
            (one.table, one.same, one.different, one.only_old, one.only_new, ", ".join(sorted(one.columns)))
            for one in differences
        ]
        show.out.print(show.table("", COLUMNS, rows))

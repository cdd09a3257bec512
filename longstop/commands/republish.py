"""`longstop republish`: what services said is published again, for readers that a restored database has made forget."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.services import services
from longstop.times import moment_of
from longstop.where import data_dir
from shared import log
from shared.keeper.ledger import Ledger
from shared.work import Database


def republish(
    since: Annotated[
        str,
        typer.Option(help="What was said from this time on (RFC 3339, or 10m, 2h, 1d ago): when the copy was begun."),
    ],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Publish again what all services have said since a time: after databases were restored.

    Readers drop what they have had. Databases keep what they said for seven days; for more, and to look first, there is
    `longstop replay`.
    """
    log.configure("error")
    counts = asyncio.run(_republish(moment_of(since, datetime.now(UTC)), data))
    if as_json:
        for name, count in counts.items():
            show.json_line({"service": name, "events": count})
        return
    show.out.print(f"{sum(counts.values()):,} events of {len(counts)} services are published again by and by")


async def _republish(since: datetime, data: Path | None) -> dict[str, int]:
    counts = {}
    for service in services():
        settings = service.settings(data_dir=data_dir(data))
        database = Database(settings.database_url_of(service.name), service.name, service.tables)
        try:
            await database.create()
            counts[service.name] = await Ledger(database).send_since(since)
        finally:
            await database.close()
    return counts

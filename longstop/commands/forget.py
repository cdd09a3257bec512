"""`longstop forget`: a person's mails are erased."""

from typing import Annotated

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of, client, endpoints


def forget(
    address: Annotated[str, typer.Option(help="Whose mails: those that they reported, received or sent.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Erase a person's mails everywhere.

    Raw mails, facts, held copies, digests, and the person's own list entries.

    What is in backups, and for a day in the streams, is not reached.
    """
    if not yes:
        typer.confirm(f"Erase all mails of {address}? This cannot be undone.", abort=True, err=True)
    with client(endpoints(data).ingest, data) as ingest:
        erased = answer_of(ingest.post("/v1/erasures", json={"address": address})).json()
    if as_json:
        show.json_line(erased)
        return
    show.out.print(
        f"{erased['reports']} reports and {erased['held']} held mails forgotten, {erased['raw_mails']} raw mails erased; "
        f"the other services follow ({erased['erasure_id']})"
    )

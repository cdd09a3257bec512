"""`longstop schema`: the AsyncAPI document of the streams, the OpenAPI document of the doors, the list of Redis' users."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from longstop import documents
from longstop.acl import acl
from shared.settings import Settings


class Which(StrEnum):
    """The documents."""

    events = "events"
    api = "api"
    acl = "acl"


def schema(
    which: Annotated[Which, typer.Argument(help="events: AsyncAPI 3; api: OpenAPI 3.1; acl: users of Redis")],
) -> None:
    """Print a document made from the code that runs."""
    if which is Which.acl:
        typer.echo(acl(Settings().stream_prefix), nl=False)
        return
    made = documents.asyncapi() if which is Which.events else documents.openapi()
    typer.echo(json.dumps(made, indent=2))

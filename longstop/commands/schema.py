"""`longstop schema`: the AsyncAPI document of the streams and the OpenAPI documents of the doors."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from longstop import documents


class Which(StrEnum):
    """The documents."""

    events = "events"
    api = "api"


def schema(which: Annotated[Which, typer.Argument(help="events: AsyncAPI 3; api: OpenAPI 3.1")]) -> None:
    """Print a document made from the code that runs."""
    made = documents.asyncapi() if which is Which.events else documents.openapi()
    typer.echo(json.dumps(made, indent=2))

"""Options that several commands take."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where Longstop keeps its data.", envvar="LONGSTOP_DATA_DIR")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


class Role(StrEnum):
    """What somebody may do in the console."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"

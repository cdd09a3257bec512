"""Options that several commands take."""

import re
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


def id_of(kind: str, text: str) -> str:
    """The id of a `token` or `webhook` as it is put into a path.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[0-9a-f]{1,16}", text):
        raise ValueError(f"{text} is no {kind}'s id: `longstop {kind} list` shows them")
    return text

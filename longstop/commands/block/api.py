"""What the commands share: the family itself, the block list's API, and a row of a table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from longstop.where import client, endpoints
from shared.errors import LongstopError

app = typer.Typer(help="Block and allow entries.", no_args_is_help=True)

#: Who asks.
BY = {"by": "command line"}

#: Longest wait for a list to be taken in, for its next piece, or for mails to be delivered, in seconds.
PATIENCE_S = 900.0

BlockId = Annotated[str, typer.Argument(help="The entry's id.")]

COLUMNS = ("id", "action", "kind", "value", "scope", "expires", "by")


def row_of(entry: dict[str, Any]) -> tuple[object, ...]:
    """An entry as a row of these columns."""
    origin = entry.get("origin") or {}
    return (
        entry.get("block_id", ""),
        entry.get("action", ""),
        entry.get("kind", ""),
        entry.get("value", ""),
        entry.get("scope", ""),
        entry.get("expires_at") or "never",
        origin.get("by", ""),
    )


def api_of(data: Path | None) -> Any:
    """The block list's API.

    Raises:
        LongstopError: it does not run here.
    """
    found = endpoints(data)
    if not found.blocklist:
        raise LongstopError("the block list does not run here")
    return client(found.blocklist, data)

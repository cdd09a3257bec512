"""What the commands share: the family itself, the block list's API, and a row of a table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from longstop.where import client, endpoints

app = typer.Typer(help="Block and allow entries.", no_args_is_help=True)

#: Who asks.
BY = {"by": "command line"}

#: Longest wait for a list to be taken in, for its next piece, or for mails to be delivered, in seconds.
PATIENCE_S = 900.0

BlockId = Annotated[str, typer.Argument(help="The entry's id.")]
Value = Annotated[
    str, typer.Argument(help="An address, domain, URL, SHA-256 or IP address, or a pair: SENDER,INFRASTRUCTURE.")
]
Kind = Annotated[str, typer.Option(help="address, domain, url, file, ip or spoof; told by the value when left out")]
Scope = Annotated[str, typer.Option(help="One recipient's address, or their domain; everybody when left out.")]
Allow = Annotated[bool, typer.Option("--allow", help="Let it through instead of blocking it.")]
Note = Annotated[str, typer.Option(help="Why.")]

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
    """The block list's API."""
    return client(endpoints(data).blocklist, data)

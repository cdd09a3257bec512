"""Lists in and out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from longstop import show
from longstop.commands.block.api import PATIENCE_S, Allow, Note, Scope, api_of, app
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of
from services.blocklist.rules.lists_in import format_of
from shared.errors import LongstopError
from shared.plural import counted

OfLines = Annotated[
    str,
    typer.Option(
        "--kind",
        help="Of lines that say none: address, domain, url, file, ip or spoof; told by each value when left out.",
    ),
]


@app.command("import")
def import_list(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The list.")],
    form: Annotated[
        str, typer.Option("--format", help="text, csv, jsonl, stix or misp; told by the name when left out")
    ] = "",
    kind: OfLines = "",
    scope: Scope = "tenant",
    expires: Annotated[
        str, typer.Option(help="1d, 7d, 30d, hit+30d, a date, or never; what a line says comes first.")
    ] = "30d",
    allow: Allow = False,
    note: Note = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out the lines that cannot be listed.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Take a list in: all of it or nothing, and each bad line is named."""
    query = {
        "format": form or format_of(path.name),
        **({"kind": kind} if kind else {}),
        "action": "allow" if allow else "block",
        "scope": scope,
        "expires": expires,
        "note": note or path.name,
        "by": "command line",
        "dry_run": str(dry_run).lower(),
        "skip_bad": str(skip_bad).lower(),
    }
    with api_of(data) as api, show.reading(path, f"Reading {path.name}") as pieces:
        response = api.post("/v1/imports", params=query, content=pieces, timeout=PATIENCE_S)
    told = response.json()
    for fault in told.get("faults", ()):
        show.say(f"{path.name} line {fault['line']}: {show.safe(fault['reason'], 300)}")
    if told.get("fault_count") and not response.is_success:
        raise LongstopError(f"{told['title']}: nothing was listed: mend these lines, or leave them out with --skip-bad")
    answer_of(response)
    if as_json:
        show.json_line(told)
    else:
        words = (
            f"good: {counted(told['lines'], 'line')}"
            if dry_run
            else f"{counted(told['made'], 'entry', 'entries')} made, {told['known']} stood already"
        )
        show.say(words + (f", {counted(told['fault_count'], 'line')} left out" if told["fault_count"] else ""))


@app.command("export")
def export_list(
    form: Annotated[str, typer.Option("--format", help="text, csv, jsonl, stix or misp")] = "csv",
    only: Annotated[str, typer.Option(help="Only `block` or only `allow` entries.")] = "",
    tlp: Annotated[str, typer.Option(help="Only what may be shared so widely: clear, green, amber or red.")] = "red",
    data: DataDir = None,
) -> None:
    """Write all entries that work now to standard output."""
    query = {"format": form, "tlp": tlp, **({"action": only} if only else {})}
    with api_of(data) as api, api.stream("GET", "/v1/exports", params=query, timeout=PATIENCE_S) as response:
        if not response.is_success:
            response.read()
            answer_of(response)
        for piece in response.iter_bytes():
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


@app.command()
def feeds(data: DataDir = None, as_json: Json = False) -> None:
    """List the feeds that are followed. And what came of their last reading."""
    with api_of(data) as api:
        found = answer_of(api.get("/v1/feeds")).json()["feeds"]
    if as_json:
        for one in found:
            show.json_line(one)
        return
    columns = ("name", "read_at", "lines", "faults", "made", "ended", "words")
    rows = (
        tuple(one[name] or one["first_fault"] if name == "words" else one[name] for name in columns) for one in found
    )
    show.out.print(show.table("", columns, rows))

"""`longstop export`: what the console knows, for spreadsheets and programs."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from longstop import show
from longstop.commands.options import DataDir
from longstop.commands.watch import start_id
from longstop.paging import rows_of
from longstop.where import client, endpoints
from services.console.rules.sheet import FORMULAS
from shared.entry_ids import entry_id_of
from shared.errors import LongstopError

#: What a cell keeps of what nobody sees: a carriage return alone would write over the line on a terminal.
KEPT = ("\r\n", "\n", "\t")
SPLIT = re.compile("(\r\n|[\n\t])")


class What(StrEnum):
    """The lists."""

    reports = "reports"
    cases = "cases"
    verdicts = "verdicts"
    blocks = "blocks"
    quarantine = "quarantine"


class Form(StrEnum):
    """How rows are written."""

    csv = "csv"
    jsonl = "jsonl"


def export(
    what: Annotated[What, typer.Argument(help="Which list.")],
    form: Annotated[
        Form, typer.Option("--format", help="CSV with a line of names, or one JSON object a line.")
    ] = Form.csv,
    since: Annotated[str, typer.Option(help="Only from this time on (RFC 3339, or 10m, 2h, 30d ago).")] = "",
    until: Annotated[str, typer.Option(help="Only up to this time.")] = "",
    output: Annotated[Path | None, typer.Option(help="Into this file, which must not be there yet.")] = None,
    data: DataDir = None,
) -> None:
    """Write a list, the newest first: to stdout, or into a file."""
    first, last = _moment(since), _moment(until)
    columns = (TextColumn("{task.completed} rows"), TimeElapsedColumn())
    with (
        client(endpoints(data).console, data) as api,
        Progress(*columns, console=show.err, transient=True, disable=output is None or not show.err.is_terminal) as bar,
    ):
        task = bar.add_task("rows", total=None)
        rows = _counted(_within(rows_of(api, f"/v1/{what.value}"), first, last), lambda: bar.advance(task))
        if output is None:
            write(rows, form, sys.stdout)
        else:
            with _new(output) as file:
                write(rows, form, file)


def _new(path: Path) -> TextIO:
    """A file to write into.

    Raises:
        LongstopError: there is one of that name.
    """
    try:
        return path.open("x", encoding="utf-8", newline="")
    except FileExistsError:
        raise LongstopError(f"{path} is there already: name another file") from None


def write(rows: Iterable[dict[str, Any]], form: Form, file: TextIO) -> None:
    """Rows in one of the forms. In CSV, lists and objects are JSON, no cell is a formula, what nobody would see is an escape."""
    if form is Form.jsonl:
        file.writelines(json.dumps(row) + "\n" for row in rows)
        return
    writer = csv.writer(file)
    names: list[str] = []
    for row in rows:
        if not names:
            names = ["id", "at", *sorted(row.keys() - {"id", "at"})]
            writer.writerow(names)
        writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value)
    text = "".join(part if part in KEPT else show.safe(part, len(part)) for part in SPLIT.split(value))
    return f"'{text}" if value.startswith(FORMULAS) or text.startswith(FORMULAS) else text


def _within(rows: Iterator[dict[str, Any]], first: datetime | None, last: datetime | None) -> Iterator[dict[str, Any]]:
    """The rows between two moments of rows that come newest first."""
    for row in rows:
        at = datetime.fromisoformat(row["at"])
        if first and at < first:
            return
        if last is None or at <= last:
            yield row


def _counted(rows: Iterator[dict[str, Any]], count: Callable[[], None]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row
        count()


def _moment(since: str) -> datetime | None:
    if not since:
        return None
    return datetime.fromtimestamp(entry_id_of(start_id(since, datetime.now(UTC)))[0] / 1000, UTC)

"""Printing: data to stdout, messages to stderr, and nothing of a mail that a terminal would obey."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

#: Categories of Unicode that are shown as escapes: controls, format characters (bidi!), surrogates, line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: A cell is cut here, in characters.
CELL_MAX = 100

#: Pieces of a file that is read, in bytes.
PIECE_BYTES = 64 * 1024

#: Width of tables that go into a pipe or file, in characters: nobody has to put a value together again.
PIPE_WIDTH = 160

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False)


def safe(value: object, limit: int = CELL_MAX) -> str:
    """A value for a terminal: every hidden character as an escape, cut at `limit`."""
    text = str(value)
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if unicodedata.category(c) not in _HIDDEN else f"\\u{ord(c):04x}" for c in text)


def json_line(value: Mapping[str, Any]) -> None:
    """One JSON object a line, all ASCII, written at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of safe cells."""
    made = Table(title=title or None, title_justify="left", header_style="bold", border_style="dim")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row))
    return made


def say(message: str) -> None:
    """One line on stderr."""
    err.print(Text(safe(message, 500)), soft_wrap=True)


@contextmanager
def reading(path: Path, words: str) -> Iterator[Iterator[bytes]]:
    """The bytes of a file, piece by piece, with a progress bar while a person looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with path.open("rb") as file, Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(words, total=path.stat().st_size)

        def pieces() -> Iterator[bytes]:
            while piece := file.read(PIECE_BYTES):
                yield piece
                bar.advance(task, len(piece))

        yield pieces()

"""Printing: data to stdout, messages to stderr, and nothing of a mail that a terminal would obey."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

#: Categories of Unicode that are shown as escapes: controls, format characters (bidi!), surrogates, line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: A cell is cut here, in characters.
CELL_MAX = 100

#: Words of a table up to this length, in characters, are not broken: ids have 36.
WORD_MAX = 40

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


@dataclass(frozen=True, slots=True)
class Rows:
    """A table; on a terminal so narrow that words would be broken, a paragraph for each row."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """What fits the terminal; into pipes and files always a line for each row, for programs look for lines."""
        if console.is_terminal and self._least_width() > options.max_width:
            yield Text("\n\n").join(filter(None, (Text(self.title, "bold"), *map(self._paragraph, self.rows))))
        else:
            yield self.grid()

    def _least_width(self) -> int:
        """How wide the table is when no word of up to `WORD_MAX` characters is broken, borders and all."""
        lines = zip(self.columns, *([cell.plain for cell in row] for row in self.rows), strict=True)
        longest = (max(len(word) for text in column for word in text.split() or [""]) for column in lines)
        return sum(min(width, WORD_MAX) + 3 for width in longest) + 1

    def grid(self) -> Table:
        """The table, however narrow it gets."""
        made = Table(title=self.title or None, title_justify="left", header_style="bold", border_style="dim")
        for column in self.columns:
            made.add_column(column, overflow="fold")
        for row in self.rows:
            made.add_row(*row)
        return made

    def _paragraph(self, row: Sequence[Text]) -> Text:
        width = max(map(len, self.columns))
        lines = (
            Text.assemble((f"{name:>{width}}", "bold"), "  ", cell)
            for name, cell in zip(self.columns, row, strict=True)
            if cell
        )
        return Text("\n").join(lines)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Rows:
    """A table of safe cells."""
    return Rows(
        title, columns, [[cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row] for row in rows]
    )


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

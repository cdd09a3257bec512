"""Lists for spreadsheets (RFC 4180). A cell that came from a mail is text there, never a formula. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

from services.console.rules.text import seen

#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), full-width forms included.
FORMULAS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

#: Longest cell, in characters.
CELL_MAX = 500


def cell(value: object) -> str:
    """A value as a cell: one line, hidden characters named, and an apostrophe before what would be a formula."""
    if isinstance(value, bool | int | float):
        return str(value)
    text = seen("" if value is None else value, CELL_MAX)
    return f"'{text}" if text.startswith(FORMULAS) or str(value).startswith(FORMULAS) else text


def sheet(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole list, with a line of names."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()

"""Lists leave as CSV that no spreadsheet runs, or as JSON lines."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from longstop.commands.export import Form, _new, _within, write
from shared.errors import LongstopError

ROWS: list[dict[str, Any]] = [
    {
        "subject": '=HYPERLINK("http://evil.example","open")',
        "id": "2",
        "at": "2026-11-24T10:00:00Z",
        "urls": ["a", "b"],
    },
    {"subject": "Hello,\r\nAna", "id": "1", "at": "2026-11-23T10:00:00Z", "urls": []},
]


def written(form: Form) -> str:
    file = io.StringIO()
    write(ROWS, form, file)
    return file.getvalue()


def test_a_csv_names_its_columns_id_and_time_first() -> None:
    first, second, third = csv.reader(io.StringIO(written(Form.csv), newline=""))
    assert first == ["id", "at", "subject", "urls"]
    assert second[3] == '["a", "b"]'
    assert third[2] == "Hello,\r\nAna"


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "|", "%", "\uff1d"])
def test_no_cell_is_a_formula(beginning: str) -> None:
    file = io.StringIO()
    write([{"id": "1", "at": "x", "subject": f"{beginning}cmd|' /C calc'!A0"}], Form.csv, file)
    (_, row) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    shown = beginning if beginning != "\r" else "\\u000d"
    assert row[2] == f"'{shown}cmd|' /C calc'!A0"


def test_json_lines_are_the_rows() -> None:
    assert [json.loads(line) for line in written(Form.jsonl).splitlines()] == ROWS


def test_nothing_makes_an_empty_file() -> None:
    file = io.StringIO()
    write([], Form.csv, file)
    assert file.getvalue() == ""


def test_rows_older_than_asked_are_not_even_fetched() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from ROWS
        raise AssertionError("asked for more than is needed")

    since = datetime(2026, 11, 24, tzinfo=UTC)
    assert [row["id"] for row in _within(rows(), since, None)] == ["2"]
    assert [row["id"] for row in _within(iter(ROWS), None, since)] == ["1"]


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    with pytest.raises(LongstopError, match="is there already"):
        _new(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "mine"

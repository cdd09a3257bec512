"""`longstop token`, `operator`, `audit`: what is typed wrong is told as wrong usage, before anything is asked."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from longstop.__main__ import command_line
from longstop.commands.token import expiry

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("never", None),
        ("30d", AT + timedelta(days=30)),
        ("12h", AT + timedelta(hours=12)),
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_token_lasts_as_long_as_one_says(text: str, ends: datetime | None) -> None:
    assert expiry(text, AT) == ends


@pytest.mark.parametrize("text", ["", "soon", "30", "d", "-1d", "30m", "2027-13-01"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        expiry(text, AT)


@pytest.mark.parametrize(
    "words",
    [
        ["token", "create", "ci", "--role", "root"],
        ["token", "create", "ci", "--expires", "soon"],
        ["token", "create"],
        ["operator", "add", "ana", "--role", "root"],
        ["operator", "role", "ana", "root"],
        ["audit", "list", "--limit", "0"],
    ],
)
def test_wrong_words_are_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(command_line(words[0]), words).exit_code == 2

"""Dates in one form, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.dates import read_date


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 23 Nov 2026 14:27:11 +0100", "2026-11-23T13:27:11Z"),
        ("23 Nov 2026 13:27:11 -0000", "2026-11-23T13:27:11Z"),
        ("Mon, 23 Nov 2026 13:27:11 GMT (UTC)", "2026-11-23T13:27:11Z"),
        ("Mon, 23 Nov 26 13:27 +0000", "2026-11-23T13:27:00Z"),
        ("Mon, 23 Nov 2026 23:30:00 -0500", "2026-11-24T04:30:00Z"),
        ("1 Jan 0000 00:00:00 +9999", "1999-12-27T19:21:00Z"),  # years below 69 are of this century, as in RFC 2822
    ],
)
def test_a_date_is_told_in_utc(value: str, date: str) -> None:
    assert read_date(value) == date


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "Mon, 99 Foo 2026 99:99:99", "23 Nov 99999 00:00:00 +0000", "\0"],
)
def test_an_unreadable_date_is_none(value: str) -> None:
    assert read_date(value) == ""


@given(st.text(alphabet="0123456789 :+-,()JanMonGT", max_size=120))
def test_any_value_is_read(value: str) -> None:
    date = read_date(value)
    assert date == "" or (len(date) == 20 and date.endswith("Z"))

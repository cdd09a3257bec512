"""What held mail is found by: words in one form, places in the order of time, cursors that only we make."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.digest.rules.terms import (
    LENGTH_MAX,
    WORDS_MAX,
    canonical,
    cursor,
    first_place,
    place_of,
    read_cursor,
    words,
)

MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_case_accents_and_forms_do_not_matter() -> None:
    assert words("Ré-Sumé \uff26\uff35\uff2c\uff2c \ufb01ne Straße") == ("re", "sume", "full", "fine", "strasse")


def test_scripts_without_blanks_are_found_by_their_signs() -> None:
    assert set(words("請求")) <= set(words("至急請求書をご確認ください"))
    assert set(words("ข่าว")) <= set(words("นี่คือข่าวด่วน"))


@given(st.text(max_size=3000))
def test_any_text_has_few_short_words_of_letters_and_digits(text: str) -> None:
    found = words(text)
    assert len(found) <= WORDS_MAX
    assert all(0 < len(word) <= LENGTH_MAX and not set(word) & set(" '\"*:&|!()<>^-_\\\0") for word in found)


@given(MOMENTS, MOMENTS, st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_later_mail_has_a_higher_place_that_a_database_can_keep(
    first: datetime, second: datetime, one: str, other: str
) -> None:
    places = [place_of(held_at=first, held_id=one), place_of(held_at=second, held_id=other)]
    assert all(0 <= place < 2**63 for place in places)
    if second - first >= timedelta(seconds=1):
        assert places[0] < places[1]


@pytest.mark.parametrize("hours", [-23, 0, 23])
def test_any_moment_that_is_asked_for_has_a_place_that_a_database_can_keep(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    moments = [datetime.min.replace(tzinfo=zone), datetime(623, 7, 31, tzinfo=zone), datetime.max.replace(tzinfo=zone)]
    places = [first_place(moment) for moment in moments]
    assert places[:2] == [0, 0]
    assert place_of(held_at=datetime(2200, 1, 1, tzinfo=UTC), held_id="x") < places[2] < 2**63


@given(st.integers(0, 2**63 - 1), st.text(max_size=80))
def test_a_cursor_is_read_as_it_was_made(place: int, recipient: str) -> None:
    recipient = recipient.encode("utf-8", "ignore").decode()
    assert read_cursor(cursor(place, recipient)) == (place, recipient)


@pytest.mark.parametrize("text", ["x", "////", "A" * 900, "ä", cursor(-1, ""), cursor(2**63, "")])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_cursor(text)


def test_addresses_are_compared_as_smtp_does() -> None:
    assert canonical(" <Ana@Example.ORG> ") == "Ana@example.org"

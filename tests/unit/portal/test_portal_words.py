"""Pages say the same in every language."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from services.portal.http.people import FREQUENCIES
from services.portal.rules.standing import Standing
from services.portal.wording import LANGUAGES, language_of, names, when, words
from shared.events.vocabulary import QuarantineAct, QuarantineReason, QuarantineRefusal, VerdictCategory


def flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield before + key, value
        else:
            yield from flat(value, f"{before}{key}.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_with_the_same_places_in_it(language: str) -> None:
    mine, english = dict(flat(words(language))), dict(flat(words("en")))
    assert mine.keys() == english.keys()
    for key, value in mine.items():
        assert value.strip(), key
        assert sorted(re.findall(r"\{\w*\}", value)) == sorted(re.findall(r"\{\w*\}", english[key])), key


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    mine, english = dict(flat(words(language))), dict(flat(words("en")))
    assert [key for key in mine if mine[key] == english[key] and " " in english[key]] == []


def test_there_is_a_word_for_everything_that_can_be_said() -> None:
    english = words("en")
    assert set(get_args(QuarantineReason)) == set(english["reasons"])
    assert set(get_args(VerdictCategory)) == set(english["verdicts"])
    assert set(get_args(Standing)) == set(english["standings"])
    assert set(get_args(QuarantineAct)) == set(english["acts"]) == set(english["hints"])
    assert set(get_args(QuarantineAct)) <= set(english["asked"])
    assert set(get_args(QuarantineRefusal)) <= set(english["refusals"])
    assert set(FREQUENCIES) <= set(english["preferences"])


@pytest.mark.parametrize(
    ("preferred", "accepted", "wanted"),
    [
        ("de", "fr", "de"),
        ("", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("", "xx, th;q=0.5", "th"),
        ("", "xx", "es"),
        ("", "", "es"),
        ("xx", "AR-EG", "ar"),
        ("", "*;q=0.5, ,;;=,", "es"),
    ],
)
def test_a_page_is_told_in_the_best_language_there_is(preferred: str, accepted: str, wanted: str) -> None:
    assert language_of(preferred, accepted, "es") == wanted


def test_languages_call_themselves_as_their_speakers_do() -> None:
    assert names()["en"] == "English"
    assert names()["de"] == "Deutsch"
    assert names()["fr"] == "Français"


def test_a_moment_is_told_in_a_person_s_zone() -> None:
    moment = datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert "12:00" in when(moment, "de", ZoneInfo("Europe/Berlin"))
    assert "Mi" in when(moment, "de", ZoneInfo("Europe/Berlin"))

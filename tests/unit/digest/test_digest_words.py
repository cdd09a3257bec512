"""Digests' words: every language says everything, in every form that its plurals have."""

import string
from typing import Any, get_args

import pytest

from services.digest.letters.words import LANGUAGES, words
from services.portal.wording import LANGUAGES as CHOICES
from shared.events.vocabulary import QuarantineReason
from shared.outgoing.words import counted, direction, locale

PLURALS = {"title", "alike", "blocked", "rest", "hours"}


def test_at_least_these_languages_are_there() -> None:
    assert {"en", "de", "fr", "es", "th", "ar"} <= set(LANGUAGES)


def test_people_can_choose_no_language_that_digests_have_not() -> None:
    assert set(CHOICES) <= set(LANGUAGES)


def keys(value: Any) -> Any:
    return {name: keys(inner) if name not in PLURALS else None for name, inner in value.items()} if isinstance(value, dict) else None  # fmt: skip


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    said, english = words(language), words("en")
    assert keys(said) == keys(english)
    assert set(said["reasons"]) == set(get_args(QuarantineReason))
    for name, text in english.items():
        if isinstance(text, str):
            assert places(said[name]) == places(text), name
    for name, text in english["warnings"].items():
        assert places(said["warnings"][name]) == places(text), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_the_forms_of_its_language(language: str) -> None:
    forms = set(locale(language).plural_form.tags) | {"other"}
    for name in PLURALS:
        assert set(words(language)[name]) == forms, name
        for form, text in words(language)[name].items():
            assert places(text) <= {"count"}
            assert "count" in places(text) or form in ("zero", "one", "two"), f"{name}.{form} tells no number"


def test_a_count_takes_its_form() -> None:
    assert counted("en", words("en")["title"], 1) == "1 mail waits in your quarantine"
    assert counted("en", words("en")["title"], 2) == "2 mails wait in your quarantine"
    assert counted("ar", words("ar")["title"], 2).startswith("رسالتان")
    assert counted("ar", words("ar")["title"], 5).startswith("5 رسائل")
    assert counted("ar", words("ar")["title"], 11).startswith("11 رسالة")


def test_only_arabic_runs_from_right_to_left() -> None:
    assert [language for language in LANGUAGES if direction(language) == "rtl"] == ["ar"]

"""Mails written for the purpose: honest ones of many senders are not called bad, lures of many kinds and languages are."""

from collections.abc import Callable

import pytest

from services.submission.analysers.offline.analyser import opinion_of
from services.submission.analysers.offline.view import View
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory
from shared.mail import read_mail
from tests.specimens import Written, written
from tests.unit.submission.specimens import specimen

HONEST, PHISH, JUNK = written("honest"), written("phish"), written("junk")

BY_NAME: Callable[[Written], str] = lambda one: one.name  # noqa: E731


def category(raw: bytes) -> VerdictCategory:
    return opinion_of(View(specimen(read_mail(raw)))).category


@pytest.mark.parametrize("one", HONEST, ids=BY_NAME)
def test_honest_mail_is_not_called_bad_whether_its_gateway_checked_it_or_not(one: Written) -> None:
    assert category(one.raw) not in BAD_CATEGORIES
    assert category(one.bare) not in BAD_CATEGORIES


@pytest.mark.parametrize("one", PHISH, ids=BY_NAME)
def test_phish_is_called_bad(one: Written) -> None:
    assert category(one.raw) in BAD_CATEGORIES


@pytest.mark.parametrize("one", JUNK, ids=BY_NAME)
def test_junk_is_called_bad(one: Written) -> None:
    assert category(one.raw) in BAD_CATEGORIES


def test_nine_of_ten_phish_are_called_bad_without_any_authentication_results() -> None:
    assert sum(category(one.bare) in BAD_CATEGORIES for one in PHISH) >= 0.9 * len(PHISH)


def test_nothing_bad_is_ever_called_clean() -> None:
    assert "clean" not in {category(raw) for one in (*PHISH, *JUNK) for raw in (one.raw, one.bare)}


@pytest.mark.parametrize("one", written("blind_honest"), ids=BY_NAME)
def test_honest_mail_of_the_second_blind_round_is_not_called_bad(one: Written) -> None:
    assert category(one.raw) not in BAD_CATEGORIES
    assert category(one.bare) not in BAD_CATEGORIES


@pytest.mark.parametrize(("table", "least"), [("blind_phish", 0.9), ("blind_junk", 0.75)])
def test_most_bad_mail_of_the_second_blind_round_is_and_none_is_clean(table: str, least: float) -> None:
    found = [category(one.raw) for one in written(table)]
    assert sum(one in BAD_CATEGORIES for one in found) >= least * len(found)
    assert "clean" not in found

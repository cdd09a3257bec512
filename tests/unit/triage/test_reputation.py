"""How often somebody is right: counted, corrected, fading."""

from datetime import date

import pytest

from services.triage.rules.reputation import HALF_LIFE_DAYS, Reputation, day_of, proof


def test_a_stranger_is_neither_right_nor_wrong() -> None:
    assert (Reputation().precision, Reputation().count) == (0.5, 0)


def test_right_reports_raise_it_and_wrong_ones_lower_it() -> None:
    known = Reputation()
    for _ in range(8):
        known = known.told(before="", now="right")
    assert known.precision == 0.9
    assert known.told(before="", now="wrong").precision < 0.9


def test_a_verdict_that_changes_is_counted_once() -> None:
    once = Reputation().told(before="", now="right")
    assert once.told(before="right", now="wrong") == Reputation(0.0, 1.0)
    assert once.told(before="right", now="") == Reputation()


def test_it_fades_by_whole_days_and_never_back() -> None:
    known = Reputation(8.0, 4.0, day=100)
    assert known.on(100 + HALF_LIFE_DAYS) == Reputation(4.0, 2.0, 100 + HALF_LIFE_DAYS)
    assert known.on(100) == known
    assert known.on(50) == known
    assert day_of(date(1970, 1, 2)) == 1


@pytest.mark.parametrize(
    ("reported", "verdict", "expected"),
    [
        ("phishing", "phishing", "right"),
        ("phishing", "spam", "right"),
        ("phishing", "simulation", "right"),
        ("phishing", "bulk", ""),
        ("junk", "bulk", "right"),
        ("phishing", "clean", "wrong"),
        ("phishing", "unknown", ""),
        ("not_junk", "bulk", "right"),
        ("not_junk", "clean", "right"),
        ("not_junk", "malware", "wrong"),
    ],
)
def test_a_report_proves_right_or_wrong(reported: str, verdict: str, expected: str) -> None:
    assert proof(reported=reported, verdict=verdict) == expected

"""How often a mail is analysed again, and what an operator's opinion is."""

from datetime import UTC, datetime, timedelta

import pytest

from services.submission.rules import combine, decided, too_soon
from shared.events.vocabulary import VerdictCategory

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago_s", "words"),
    [((), ""), ((59,), "59 s ago"), ((61,), ""), ((3600,) * 4, ""), ((3600,) * 21, "20 times"), ((90_000,) * 50, "")],
)
def test_a_mail_is_analysed_again_after_a_pause_and_not_too_often(ago_s: tuple[int, ...], words: str) -> None:
    reason = too_soon(asked=[AT - timedelta(seconds=one) for one in ago_s], at=AT, pause_s=60, day_max=20)
    assert words in reason
    assert bool(reason) is bool(words)


@pytest.mark.parametrize("category", ["malware", "phishing", "spam", "bulk", "clean", "unknown", "simulation"])
def test_what_an_operator_decides_is_the_verdict(category: VerdictCategory) -> None:
    verdict = combine([decided(category=category, by="eve", comment="")], {"local"})
    assert (verdict.category, verdict.confidence) == (category, 1.0)
    assert [one.name for one in verdict.analysers] == ["operator"]

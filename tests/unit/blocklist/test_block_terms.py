"""How long an entry stands, and what a verdict may do by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.rules.terms import Policy, expiry, later, lists, takes_back
from shared.errors import Reject
from shared.events import AnalyserAnswer
from shared.events.vocabulary import VerdictCategory

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(days=1)

SILENT = AnalyserAnswer(name="local", evaluation="error")
SPOKE = AnalyserAnswer(name="other", evaluation="unknown")


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("1d", AT + timedelta(days=1)),
        ("30d", AT + timedelta(days=30)),
        ("365d", AT + timedelta(days=365)),
        ("never", None),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T10:00:00+02:00", datetime(2027, 1, 31, 8, 0, tzinfo=UTC)),
        ("2027-01-31T10:00:00Z", datetime(2027, 1, 31, 10, 0, tzinfo=UTC)),
    ],
)
def test_an_expiry_is_days_never_or_a_date(text: str, ends: datetime | None) -> None:
    assert expiry(text=text, at=AT) == ends


@pytest.mark.parametrize(
    "text", ["", "0d", "-1d", "30", "d", "1000d", "soon", "1h", "2027-13-01", "0001-01-01T00:00+14:00"]
)
def test_any_other_expiry_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Reject, match="not understood"):
        expiry(text=text, at=AT)


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23T12:00:00Z", "1999-01-01"])
def test_an_expiry_in_the_past_is_refused(text: str) -> None:
    with pytest.raises(Reject, match="future"):
        expiry(text=text, at=AT)


@given(st.text(max_size=30))
def test_an_expiry_is_in_the_future_or_rejected(text: str) -> None:
    try:
        ends = expiry(text=text, at=AT)
    except Reject:
        return
    assert ends is None or ends > AT


def test_the_later_end_counts_and_never_is_the_latest() -> None:
    assert later(one=AT, other=LATER) == later(one=LATER, other=AT) == LATER
    assert later(one=None, other=AT) is None
    assert later(one=AT, other=None) is None


@pytest.mark.parametrize(
    ("policy", "category", "confidence", "acts"),
    [
        ("confident", "phishing", 0.85, True),
        ("confident", "malware", 1.0, True),
        ("confident", "phishing", 0.84, False),
        ("confident", "spam", 1.0, False),
        ("confident", "unknown", 1.0, False),
        ("ask", "malware", 1.0, False),
        ("off", "malware", 1.0, False),
    ],
)
def test_only_a_confident_verdict_of_harm_lists_by_itself(
    policy: Policy, category: VerdictCategory, confidence: float, acts: bool
) -> None:
    assert lists(policy=policy, category=category, confidence=confidence) is acts


@pytest.mark.parametrize(
    ("category", "analysers", "ends"),
    [
        ("clean", (SPOKE,), True),
        ("bulk", (), True),
        ("simulation", (), True),
        ("unknown", (SPOKE, SILENT), True),
        ("unknown", (SILENT, SILENT), False),
        ("spam", (SPOKE,), False),
        ("phishing", (), False),
    ],
)
def test_a_verdict_takes_back_only_when_somebody_says_that_the_mail_is_not_bad(
    category: VerdictCategory, analysers: tuple[AnalyserAnswer, ...], ends: bool
) -> None:
    assert takes_back(category=category, analysers=analysers) is ends

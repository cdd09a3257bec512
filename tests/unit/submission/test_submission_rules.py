"""How opinions become a verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.submission.analysers import Opinion
from services.submission.rules import BLOCKS_MAX, EVIDENCE_MAX, RECOMMENDATIONS_MAX, combine, confident, retry_delay_s
from shared.events import Evidence, ProposedBlock

GOOD = Evidence(signal="own_sender", text="It is yours.", weight=-2)


def opinion(name: str, evaluation: Any, category: Any, confidence: float, **more: Any) -> Opinion:
    return Opinion(name, evaluation, category, confidence, **more)


def test_a_decisive_opinion_wins_over_a_surer_suspicion() -> None:
    verdict = combine([opinion("a", "malicious", "phishing", 0.8), opinion("b", "suspicious", "spam", 0.97)])
    assert verdict.category == "phishing"


def test_those_who_agree_take_doubt_away() -> None:
    alone = combine([opinion("a", "malicious", "phishing", 0.7)])
    together = combine([opinion("a", "malicious", "phishing", 0.7), opinion("b", "malicious", "phishing", 0.6)])
    assert together.confidence == pytest.approx(0.8)
    assert alone.confidence == 0.7


def test_clean_needs_positive_evidence() -> None:
    assert combine([opinion("a", "clean", "clean", 0.9)]).category == "unknown"
    assert combine([opinion("a", "clean", "clean", 0.9, evidence=(GOOD,))]).category == "clean"


@pytest.mark.parametrize("missing", ["error", "not_checked"])
def test_an_engine_that_did_not_answer_keeps_a_verdict_from_being_clean(missing: str) -> None:
    verdict = combine([opinion("a", "clean", "clean", 0.9, evidence=(GOOD,)), opinion("b", missing, "unknown", 0)])
    assert verdict.category == "unknown"
    assert [(one.name, one.evaluation) for one in verdict.analysers] == [("a", "clean"), ("b", missing)]


def test_clean_is_never_said_beside_a_suspicion() -> None:
    verdict = combine([opinion("a", "clean", "clean", 0.99, evidence=(GOOD,)), opinion("b", "suspicious", "spam", 0.3)])
    assert verdict.category == "spam"


def test_nobody_who_answers_is_an_honest_unknown() -> None:
    verdict = combine([Opinion.failed("a"), Opinion.failed("b")])
    assert (verdict.category, verdict.confidence, verdict.cause) == ("unknown", 0, "undetermined")


def test_what_a_verdict_carries_is_bounded_and_sorted() -> None:
    evidence = tuple(Evidence(signal=f"s{n}", text="x", weight=n % 10) for n in range(100))
    blocks = tuple(ProposedBlock(kind="url", value=f"h{n % 50}.example") for n in range(200))
    verdict = combine(
        [
            opinion(
                "a",
                "malicious",
                "spam",
                0.9,
                evidence=evidence,
                blocks=blocks,
                recommendations=tuple(map(str, range(99))),
            )
        ]
    )
    assert (len(verdict.evidence), len(verdict.blocks)) == (EVIDENCE_MAX, BLOCKS_MAX)
    assert len(verdict.recommendations) == RECOMMENDATIONS_MAX
    assert [one.weight for one in verdict.evidence] == sorted((one.weight for one in verdict.evidence), reverse=True)


def test_blocks_are_proposed_only_by_those_who_accuse() -> None:
    block = ProposedBlock(kind="address", value="a@b.example")
    assert combine([opinion("a", "unknown", "bulk", 0.9, blocks=(block,))]).blocks == ()


@given(
    st.lists(
        st.builds(
            opinion,
            st.just("a"),
            st.sampled_from(["malicious", "suspicious", "clean", "unknown", "error", "not_checked"]),
            st.sampled_from(["malware", "phishing", "spam", "bulk", "clean", "unknown"]),
            st.floats(0, 1),
        ),
        max_size=5,
    )
)
def test_any_opinions_make_a_verdict_within_bounds(opinions: list[Opinion]) -> None:
    verdict = combine(opinions)
    assert 0 <= verdict.confidence <= 1
    assert len(verdict.analysers) == len(opinions)


def test_only_sure_malware_and_phishing_block_without_a_person() -> None:
    assert confident(category="phishing", confidence=0.85)
    assert not confident(category="phishing", confidence=0.84)
    assert not confident(category="spam", confidence=0.99)


def test_the_wait_grows_and_is_bounded() -> None:
    assert [retry_delay_s(attempts=n) for n in (1, 2, 3)] == [2, 4, 8]
    assert retry_delay_s(attempts=10**6) == 600

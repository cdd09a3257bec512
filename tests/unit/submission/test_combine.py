"""How several opinions become one verdict."""

from itertools import permutations
from typing import Any

import pytest

from services.submission.analysers import Opinion
from services.submission.rules import (
    BLOCKS_MAX,
    EVIDENCE_MAX,
    RECOMMENDATIONS_MAX,
    RETRY_MAX_S,
    combine,
    confident,
    retry_delay_s,
)
from shared.events import Evidence, ProposedBlock


def clue(signal: str, weight: float) -> Evidence:
    return Evidence(signal=signal, text="It was seen.", where="text", weight=weight)


def says(name: str, evaluation: Any, category: Any = "unknown", confidence: float = 0.0, **fields: Any) -> Opinion:
    return Opinion(name, evaluation, category, confidence, **fields)


PHISH = says("a", "malicious", "phishing", 0.9, cause="filter_missed", recommendations=("Block it.",))
MAYBE = says("b", "suspicious", "spam", 0.95)
CLEAN = says("c", "clean", "clean", 0.8, evidence=(clue("own_sender", -2),))
BULK = says("d", "unknown", "bulk", 0.7)
NOTHING = says("e", "unknown")
FAILED = Opinion.failed("f")
SKIPPED = says("g", "not_checked")


def test_no_opinion_at_all_is_unknown() -> None:
    verdict = combine([])
    assert (verdict.category, verdict.confidence, verdict.cause) == ("unknown", 0, "undetermined")


def test_one_opinion_is_the_verdict() -> None:
    verdict = combine([PHISH])
    assert (verdict.category, verdict.confidence, verdict.cause) == ("phishing", 0.9, "filter_missed")
    assert verdict.recommendations == ("Block it.",)


def test_a_decisive_malicious_opinion_beats_a_surer_suspicion() -> None:
    assert combine([MAYBE, PHISH]).category == "phishing"


def test_below_decisive_the_surest_leads() -> None:
    assert combine([MAYBE, says("a", "malicious", "phishing", 0.79)]).category == "spam"


def test_those_who_agree_take_a_third_of_the_doubt_each() -> None:
    second = says("b", "suspicious", "phishing", 0.4)
    assert combine([PHISH, second]).confidence == pytest.approx(0.93)
    assert combine([PHISH, second, second]).confidence == pytest.approx(0.96)


def test_those_who_see_something_else_add_no_confidence() -> None:
    assert combine([PHISH, MAYBE]).confidence == 0.9


def test_clean_needs_named_evidence() -> None:
    assert combine([CLEAN]).category == "clean"
    assert combine([says("c", "clean", "clean", 0.9)]).category == "unknown"
    assert combine([says("c", "clean", "clean", 0.9, evidence=(clue("x", 1),))]).category == "unknown"


@pytest.mark.parametrize("doubt", [PHISH, MAYBE])
def test_nobody_is_clean_whom_anybody_suspects(doubt: Opinion) -> None:
    assert combine([CLEAN, doubt]).category == doubt.category


@pytest.mark.parametrize("silent", [FAILED, SKIPPED])
def test_an_engine_that_did_not_answer_caps_clean_and_nothing_else(silent: Opinion) -> None:
    assert combine([CLEAN, silent]).category == "unknown"
    assert combine([PHISH, silent]).confidence == combine([PHISH]).confidence
    assert combine([BULK, silent]).category == "bulk"


def test_every_engine_is_listed_with_its_answer() -> None:
    listed = [(one.name, one.evaluation) for one in combine([PHISH, FAILED, SKIPPED, NOTHING]).analysers]
    assert listed == [("a", "malicious"), ("f", "error"), ("g", "not_checked"), ("e", "unknown")]


def test_an_engine_that_failed_says_nothing_else() -> None:
    broken = says(
        "f", "error", "malware", 1.0, evidence=(clue("x", 9),), blocks=(ProposedBlock(kind="url", value="x.example"),)
    )
    verdict = combine([broken, NOTHING])
    assert (verdict.category, verdict.evidence, verdict.blocks) == ("unknown", (), ())


def test_the_order_of_the_engines_does_not_matter() -> None:
    engines = [PHISH, MAYBE, CLEAN, BULK, NOTHING, says("h", "malicious", "malware", 0.9)]
    found = {(verdict.category, verdict.confidence) for verdict in map(combine, permutations(engines))}
    assert found == {("malware", 0.9)}


def test_evidence_is_sorted_by_weight_and_bounded() -> None:
    many = tuple(clue(f"s{n}", n % 7 - 3) for n in range(60))
    evidence = combine([says("a", "unknown", evidence=many[:30]), says("b", "unknown", evidence=many[30:])]).evidence
    weights = [abs(one.weight) for one in evidence]
    assert len(evidence) == EVIDENCE_MAX == 40
    assert weights == sorted(weights, reverse=True)


def test_recommendations_are_the_leaders_first_each_once_and_bounded() -> None:
    wordy = says("b", "suspicious", "spam", 0.5, recommendations=("Block it.", *(f"Do {n}." for n in range(9))))
    verdict = combine([wordy, PHISH])
    assert verdict.recommendations[:2] == ("Block it.", "Do 0.")
    assert len(verdict.recommendations) == RECOMMENDATIONS_MAX == 6


def test_blocks_are_taken_from_those_who_accuse_each_once_and_bounded() -> None:
    blocks = tuple(ProposedBlock(kind="url", value=f"h{n % 25}.example") for n in range(50))
    verdict = combine(
        [
            says("a", "malicious", "phishing", 0.9, blocks=blocks),
            says("d", "unknown", "bulk", 0.9, blocks=(ProposedBlock(kind="url", value="honest.example"),)),
        ]
    )
    assert len(verdict.blocks) == BLOCKS_MAX == 20
    assert len(set(verdict.blocks)) == 20
    assert "honest.example" not in {block.value for block in verdict.blocks}


@pytest.mark.parametrize(("claimed", "kept"), [(1.7, 1.0), (-3, 0.0)])
def test_a_confidence_out_of_range_is_brought_back(claimed: float, kept: float) -> None:
    assert combine([says("a", "malicious", "phishing", claimed)]).confidence == kept


@pytest.mark.parametrize(
    ("category", "confidence", "sure"),
    [
        ("phishing", 0.85, True),
        ("malware", 0.98, True),
        ("phishing", 0.84, False),
        ("spam", 1.0, False),
        ("bulk", 1.0, False),
        ("clean", 1.0, False),
    ],
)
def test_only_sure_malware_and_phishing_block_without_a_person(category: Any, confidence: float, sure: bool) -> None:
    assert confident(category=category, confidence=confidence) is sure


def test_attempts_wait_longer_each_time_up_to_a_limit() -> None:
    waits = [retry_delay_s(attempts=attempts) for attempts in range(1, 60)]
    assert waits[:4] == [2, 4, 8, 16]
    assert waits == sorted(waits)
    assert waits[-1] == RETRY_MAX_S

"""How points become a category and a confidence."""

import pytest

from services.submission.analysers.offline.scoring import SUREST, Score, confidence, decide
from services.submission.analysers.offline.view import Seen
from services.submission.analysers.offline.weights import Axis
from shared.events.vocabulary import VerdictCategory


def category(points: dict[Axis, float], *, may_be_left: bool = False) -> VerdictCategory:
    return decide(Score(points), may_be_left=may_be_left)[0]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ({}, "unknown"),
        ({"deception": 3}, "phishing"),
        ({"deception": 2.5}, "unknown"),
        ({"deception": 1, "evasion": 2}, "phishing"),
        ({"deception": 0.5, "evasion": 5}, "unknown"),
        ({"evasion": 9}, "unknown"),
        ({"junk": 3}, "spam"),
        ({"junk": 2, "deception": 1}, "spam"),
        ({"junk": 1.5, "deception": 1.5}, "phishing"),
        ({"junk": 1, "evasion": 2}, "spam"),
        ({"malware": 3}, "malware"),
        ({"malware": 2}, "unknown"),
        ({"malware": 3, "deception": 9}, "malware"),
        ({"deception": 3, "favour": -0.5}, "unknown"),
        ({"deception": 2, "report": 1}, "phishing"),
        ({"deception": 1.5, "report": 9}, "unknown"),
        ({"deception": 2, "report": 9}, "phishing"),
        ({"deception": 3, "report": -0.5}, "unknown"),
        ({"report": 9}, "unknown"),
        ({"honest": -2}, "clean"),
        ({"honest": -2, "evasion": 0.5}, "unknown"),
        ({"honest": -2, "malware": 2}, "unknown"),
        ({"honest": -2, "report": 0.5}, "clean"),
        ({"honest": -2, "report": 1}, "unknown"),
        ({"favour": -1.5}, "unknown"),
    ],
)
def test_points_decide_the_category(points: dict[Axis, float], expected: str) -> None:
    assert category(points) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ({}, "bulk"),
        ({"evasion": 1}, "bulk"),
        ({"evasion": 2}, "unknown"),
        ({"deception": 1}, "unknown"),
        ({"malware": 2}, "unknown"),
        ({"junk": 3}, "spam"),
        ({"honest": -2}, "clean"),
    ],
)
def test_mail_that_may_be_left_is_bulk_when_little_speaks_against_it(points: dict[Axis, float], expected: str) -> None:
    assert category(points, may_be_left=True) == expected


def test_nothing_found_is_never_clean() -> None:
    assert category({}) == "unknown"
    assert category({"favour": -9}) == "unknown"


@pytest.mark.parametrize(("points", "sure"), [(0, 0), (2, 0.75), (3, 0.82), (4, 0.88), (6, 0.94), (90, SUREST)])
def test_confidence_halves_the_doubt_with_every_two_points(points: float, sure: float) -> None:
    assert confidence(points) == sure


def test_confidence_only_grows_and_stays_below_certainty() -> None:
    steps = [confidence(points / 4) for points in range(1, 400)]
    assert steps == sorted(steps)
    assert steps[-1] < 1


def test_a_bad_mail_is_at_least_as_sure_as_the_threshold() -> None:
    for report in (0.5, 1.0):
        name, points = decide(Score({"deception": 2.5, "report": report}), may_be_left=False)
        assert (name, points >= 3) == ("phishing", True)


def test_weights_add_up_by_axis_and_times() -> None:
    score = Score.of([Seen("urgency", "", ""), Seen("prize", "", "", 2.0), Seen("shortener", "", "")])
    assert (score.on("deception"), score.on("evasion"), score.on("junk")) == (4.0, 1.0, 0.0)
    assert score.alone == 5.0

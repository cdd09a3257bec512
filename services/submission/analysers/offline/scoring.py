"""How points become a category and a confidence. Pure.

The mail's own signals are added up first, without the report. Three points call it bad; a report adds at most one point to
at least two, so that it tips a doubtful mail but never makes one. Confidence halves the doubt with every two points; there the
first report does not count, because every mail here was reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.submission.analysers.offline.view import Seen
from services.submission.analysers.offline.weights import WEIGHTS, Axis
from shared.events.vocabulary import VerdictCategory

#: Points that call a mail by its name.
ENOUGH = 3.0

#: What a report adds at most, and the mail's own points that it needs beside it.
REPORT_MAX, REPORT_NEEDS = 1.0, 2.0

#: What one report weighs.
REPORT = 0.5

#: Points of deception or junk that are more than a coincidence.
LURE = 1.0

#: Evasion without a lure or junk counts up to here: badly run servers of honest people show many of its signals.
EVASION_ALONE_MAX = 2.0

#: Points of suspicion up to which bulk mail is still honest.
BULK_MAX = 1.5

#: Nothing offline is ever surer than this.
SUREST = 0.98


@dataclass(frozen=True, slots=True)
class Score:
    """Points by axis."""

    points: dict[Axis, float] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: Iterable[Seen]) -> "Score":
        """Add signals by their weights."""
        points: dict[Axis, float] = {}
        for one in seen:
            weight = WEIGHTS[one.signal]
            points[weight.axis] = points.get(weight.axis, 0.0) + weight.points * one.times
        return cls(points)

    def on(self, axis: Axis) -> float:
        """The points on one axis."""
        return self.points.get(axis, 0.0)

    @property
    def suspicion(self) -> float:
        """What speaks against the mail by itself."""
        content = self.on("deception") + self.on("junk") + self.on("tone")
        points = content + self.on("evasion")
        return points if content >= LURE else min(points, EVASION_ALONE_MAX)

    @property
    def alone(self) -> float:
        """Suspicion less what speaks for the mail, without the report."""
        return self.suspicion + self.on("favour") + self.on("honest")

    @property
    def told(self) -> float:
        """The same with the report, when there is enough for it to tip."""
        return self.alone + (min(self.on("report"), REPORT_MAX) if self.alone >= REPORT_NEEDS else 0.0)

    @property
    def sureness(self) -> float:
        """Points of a mail that is called bad, for its confidence."""
        return max(self.alone, self.told - REPORT, ENOUGH)


def decide(score: Score, *, may_be_left: bool) -> tuple[VerdictCategory, float]:
    """The category, and the points that made it.

    Args:
        score: the points.
        may_be_left: whether a proven sender says how to unsubscribe.
    """
    if score.on("malware") >= ENOUGH:
        return "malware", score.on("malware") + max(score.alone, 0.0) / 3
    if score.told >= ENOUGH:
        lure = score.on("deception")
        return ("phishing" if lure >= LURE and lure >= score.on("junk") else "spam"), score.sureness
    if score.on("malware") or score.suspicion > BULK_MAX:
        return "unknown", 0.0
    if score.on("honest") < 0 and not score.suspicion and score.on("report") < REPORT_MAX:
        return "clean", ENOUGH
    if may_be_left and score.on("deception") < LURE:
        return "bulk", ENOUGH - score.suspicion
    return "unknown", 0.0


def confidence(points: float) -> float:
    """How sure points make: half of the doubt is gone at none, half of the rest with every two; 3 give 0.82, 4 give 0.88."""
    return round(min(1 - 0.5 * 2 ** (-points / 2), SUREST), 2) if points else 0.0

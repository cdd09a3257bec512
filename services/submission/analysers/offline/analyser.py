"""Signals become an opinion: points on axes, a category, how sure, why it was delivered, what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.offline import attachments, authentication, bulk, content, identity, links
from services.submission.analysers.offline.advice import blocks, cause, recommendations
from services.submission.analysers.offline.view import Seen, Signals, View
from services.submission.analysers.offline.weights import WEIGHTS, Axis
from shared.events import Evaluation, Evidence
from shared.events.vocabulary import VerdictCategory

#: Points on an axis that call a mail by its name.
ENOUGH = 3.0

#: Points of deception up to which bulk mail is still honest.
BULK_MAX = 2.0

#: Nothing offline is ever surer than this.
SUREST = 0.98

FAMILIES: tuple[Callable[[View], Signals], ...] = (
    authentication.signals,
    identity.signals,
    links.signals,
    attachments.signals,
    content.signals,
    bulk.signals,
    bulk.reported,
)


@dataclass(slots=True)
class Score:
    """Points by axis."""

    points: dict[Axis, float] = field(default_factory=dict)

    def add(self, seen: Iterable[Seen]) -> "Score":
        """Add signals by their weights."""
        for one in seen:
            weight = WEIGHTS[one.signal]
            self.points[weight.axis] = self.points.get(weight.axis, 0.0) + weight.points * one.times
        return self

    def of(self, axis: Axis) -> float:
        """The points on one axis."""
        return self.points.get(axis, 0.0)

    @property
    def deception(self) -> float:
        """Deception, less what speaks for the mail; the report alone never makes it."""
        return self.of("deception") + self.of("bulk") + self.of("honest")


class LocalAnalyser:
    """The analyser."""

    name = "local"

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Look at a mail; about a millisecond of work, so it stays in the loop's thread."""
        return opinion_of(View(specimen))


def opinion_of(view: View) -> Opinion:
    """The opinion about one mail."""
    seen = [one for family in FAMILIES for one in family(view)]
    score = Score().add(seen)
    category, points = decide(score, view)
    evaluation: Evaluation = _evaluation(category)
    return Opinion(
        name=LocalAnalyser.name,
        evaluation=evaluation,
        category=category,
        confidence=_confidence(points) if points else 0.0,
        cause=cause(category, view),
        evidence=tuple(_evidence(seen)),
        recommendations=recommendations(category, view, {one.signal for one in seen}),
        blocks=blocks(category, view),
    )


def decide(score: Score, view: View) -> tuple[VerdictCategory, float]:
    """The category, and the points that made it."""
    malware = score.of("malware") + max(score.deception, 0) / 3
    if score.of("malware") >= ENOUGH:
        return "malware", malware
    junk = score.of("junk") + max(score.deception, 0) / 2
    if score.deception >= ENOUGH and score.of("deception") >= ENOUGH:
        return ("spam", junk) if score.of("junk") >= ENOUGH else ("phishing", score.deception)
    if score.of("junk") and junk + score.of("bulk") >= ENOUGH:
        return "spam", junk
    if score.deception <= 0 and score.of("honest") <= -2 and not score.of("malware"):
        return "clean", ENOUGH - score.deception
    if view.may_be_left and score.deception < BULK_MAX and not score.of("malware"):
        return "bulk", ENOUGH - score.deception / 2
    return "unknown", 0.0


def _confidence(points: float) -> float:
    """Half of the doubt is gone at none, and half of the rest with every two points: 3 give 0.82, 4 give 0.88."""
    return round(min(1 - 0.5 * 2 ** (-points / 2), SUREST), 2)


def _evaluation(category: VerdictCategory) -> Evaluation:
    if category in ("malware", "phishing"):
        return "malicious"
    if category == "spam":
        return "suspicious"
    return "clean" if category == "clean" else "unknown"


def _evidence(seen: Iterable[Seen]) -> Iterable[Evidence]:
    return sorted((one.evidence(WEIGHTS[one.signal].points) for one in seen), key=lambda item: -abs(item.weight))

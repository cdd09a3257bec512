"""How opinions become a verdict. Pure.

The rule, in this order:

1. Opinions of analysers that failed or did not look are listed, and keep a verdict from being `clean`; else they say nothing.
2. A *decisive* opinion is `malicious` with a confidence of at least 0.8: the surest one gives the category.
3. Without one, the surest `malicious` or `suspicious` opinion gives the category; each further one that agrees takes a
   third of the remaining doubt away.
4. `clean` needs an opinion that names positive evidence, and nobody who is suspicious.
5. Otherwise the verdict is the surest other opinion (`bulk`, for example), or `unknown`.
6. Without the answer of every required analyser nothing is surer than what people should look at.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.submission.analysers import Opinion
from shared.events import AnalyserAnswer, Evaluation, Evidence, ProposedBlock
from shared.events.vocabulary import BAD_CATEGORIES, Cause, VerdictCategory

#: From this confidence on one malicious opinion decides alone.
DECISIVE = 0.8

#: From this confidence on a malware or phishing verdict may block without a person (LONGSTOP_AUTO_BLOCK=confident).
CONFIDENT = 0.85

#: The most that is believed while a required analyser has not answered: too little to block by itself.
UNSURE = 0.84

#: What a verdict carries at most: more than people read, and bounded whatever an analyser says.
EVIDENCE_MAX, RECOMMENDATIONS_MAX, BLOCKS_MAX = 40, 6, 20

#: Longest wait between attempts at an analysis, in seconds.
RETRY_MAX_S = 600


@dataclass(frozen=True, slots=True)
class Combined:
    """A verdict before it is issued."""

    category: VerdictCategory
    confidence: float
    cause: Cause
    evidence: tuple[Evidence, ...]
    recommendations: tuple[str, ...]
    blocks: tuple[ProposedBlock, ...]
    analysers: tuple[AnalyserAnswer, ...]

    @property
    def in_short(self) -> str:
        """What tells two verdicts apart for those who wait for them."""
        return in_short(self.category, self.confidence, self.cause)


def in_short(category: VerdictCategory, confidence: float, cause: Cause) -> str:
    """A verdict in a few words."""
    return f"{category} {confidence:.2f} {cause}"


def combine(opinions: Sequence[Opinion], required: Collection[str] = ()) -> Combined:
    """One verdict of several opinions, by the rule above."""
    answered = [one for one in opinions if one.counts]
    bad = sorted((one for one in answered if one.evaluation in ("malicious", "suspicious")), key=_sureness)
    if bad:
        leader = bad[-1]
        agreeing = sum(one.category == leader.category for one in bad) - 1
        confidence = 1 - (1 - _bounded(leader.confidence)) * (2 / 3) ** agreeing
    else:
        leader = max(
            (one for one in answered if _may_lead(one, opinions)),
            key=lambda one: one.confidence,
            default=Opinion("", "unknown"),
        )
        confidence = _bounded(leader.confidence)
    if any(one.name in required and not one.counts for one in opinions):
        confidence = min(confidence, UNSURE)
    evidence = sorted((item for one in answered for item in one.evidence), key=lambda item: -abs(item.weight))
    return Combined(
        category=leader.category,
        confidence=round(confidence, 2),
        cause=leader.cause,
        evidence=tuple(evidence[:EVIDENCE_MAX]),
        recommendations=tuple(dict.fromkeys(words for one in (leader, *answered) for words in one.recommendations))[
            :RECOMMENDATIONS_MAX
        ],
        blocks=tuple(dict.fromkeys(block for one in bad for block in one.blocks))[:BLOCKS_MAX],
        analysers=tuple(
            AnalyserAnswer(name=one.name, evaluation=one.evaluation, detail=one.detail[:200] or None)
            for one in opinions
        ),
    )


def decided(*, category: VerdictCategory, by: str, comment: str) -> Opinion:
    """The opinion of an operator, who is sure."""
    bad = category in BAD_CATEGORIES
    words = f"{by or 'An operator'} decided that it is {category}" + (f": {comment}" if comment else ".")
    weight = 5.0 if bad else -5.0 if category == "clean" else 0.0
    evaluation: Evaluation = "malicious" if bad else "clean" if category == "clean" else "unknown"
    evidence = Evidence(signal="operator", text=words[:500], where="operator", weight=weight)
    return Opinion("operator", evaluation, category, 1.0, evidence=(evidence,), detail="a person decided")


def too_soon(*, asked: Sequence[datetime], at: datetime, pause_s: float, day_max: int) -> str:
    """Why a mail is not analysed again now, in words; empty when it is. `asked` is when it was asked for before."""
    if asked and (gone_s := (at - max(asked)).total_seconds()) < pause_s:
        return f"it was asked for {gone_s:.0f} s ago, and is analysed again after {pause_s:g} s"
    if sum(at - one < timedelta(days=1) for one in asked) > day_max:
        return f"it was analysed again {day_max} times in 24 hours"
    return ""


def _bounded(confidence: float) -> float:
    """Between 0 and 1, whatever an analyser says."""
    return min(max(confidence, 0.0), 1.0)


def _sureness(opinion: Opinion) -> tuple[bool, float, int]:
    """Decisive ones last, then the surer, then the worse: the order of the analysers does not matter."""
    decisive = opinion.evaluation == "malicious" and opinion.confidence >= DECISIVE
    worse = -BAD_CATEGORIES.index(opinion.category) if opinion.category in BAD_CATEGORIES else -len(BAD_CATEGORIES)
    return decisive, opinion.confidence, worse


def _may_lead(opinion: Opinion, opinions: Sequence[Opinion]) -> bool:
    """Whether an opinion that accuses nobody may become the verdict."""
    if opinion.category != "clean":
        return True
    named = any(item.weight < 0 for item in opinion.evidence)
    return named and all(one.counts for one in opinions)


def confident(*, category: VerdictCategory, confidence: float) -> bool:
    """Whether a verdict is sure enough to block without a person."""
    return category in ("malware", "phishing") and confidence >= CONFIDENT


def retry_delay_s(*, attempts: int) -> float:
    """The wait after so many attempts, in seconds: 2, 4, 8 and so on."""
    return float(min(2 ** min(attempts, 20), RETRY_MAX_S))

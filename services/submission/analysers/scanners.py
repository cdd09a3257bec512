"""What Rspamd and SpamAssassin have in common: points against a threshold, and named tests with points."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.submission.analysers import Opinion
from services.submission.analysers.offline.view import quoted
from shared.events import Evaluation, Evidence
from shared.events.vocabulary import VerdictCategory

#: Tests of one answer that become evidence: those with the most points.
TESTS_MAX = 12

#: Tests of a stored mail that say something of the clock, or of a client that is not there any more.
ARTEFACTS = frozenset(
    {
        "DATE_IN_PAST",
        "DATE_IN_FUTURE",
        "HFILTER_HOSTNAME_UNKNOWN",
        "HFILTER_FROMHOST_NORES_A_OR_MX",
        "HFILTER_HELO_NORES_A_OR_MX",
        "HFILTER_HELO_IP_A",
        "RDNS_NONE",
        "RDNS_DNSFAIL",
        "ONCE_RECEIVED",
        "RCVD_COUNT_ZERO",
        "NO_RECEIVED",
        "NO_RELAYS",
    }
)

_VIRUS = re.compile(r"(?i)virus|malware|trojan|\bclam|oletools|bad_extension")
_PHISHING = re.compile(r"(?i)phish|spoof|fake_|fraud")


@dataclass(frozen=True, slots=True)
class Hit:
    """One test that fired."""

    name: str
    points: float
    text: str = ""


def opinion(name: str, hits: Iterable[Hit], *, threshold: float, where: str) -> Opinion:
    """What a scanner's tests say together.

    Never `clean`: a mail that was let in is one that its tests said little of.
    """
    counted = [hit for hit in hits if hit.name not in ARTEFACTS]
    score = round(sum(hit.points for hit in counted), 2)
    shown = sorted((hit for hit in counted if abs(hit.points) >= 0.1), key=lambda hit: -abs(hit.points))[:TESTS_MAX]
    bad = score >= threshold > 0
    category = _category(counted) if bad else "unknown"
    return Opinion(
        name,
        _evaluation(category),
        category,
        _confidence(score / threshold) if bad else 0.0,
        cause="filter_missed" if bad else "undetermined",
        evidence=tuple(_evidence(name, hit, where) for hit in shown),
        detail=f"{score:g} points, {threshold:g} call it spam",
    )


def _category(hits: Iterable[Hit]) -> VerdictCategory:
    firing = [hit.name for hit in hits if hit.points >= 1]
    if any(map(_VIRUS.search, firing)):
        return "malware"
    return "phishing" if any(map(_PHISHING.search, firing)) else "spam"


def _evaluation(category: VerdictCategory) -> Evaluation:
    return "unknown" if category == "unknown" else "malicious" if category in ("malware", "phishing") else "suspicious"


def _confidence(times: float) -> float:
    """0.7 at the threshold, 0.85 at twice as much, never surer than 0.95: these points are not made for certainty."""
    return round(min(1 - 0.3 * 2 ** (1 - times), 0.95), 2)


def _evidence(name: str, hit: Hit, where: str) -> Evidence:
    words = f"{where} says {quoted(hit.name)}" + (f": {quoted(hit.text)}" if hit.text else ".")
    return Evidence(
        signal=f"{name}:{quoted(hit.name)[:60]}",
        text=words[:500],
        where=where,
        weight=round(max(-10.0, min(hit.points, 10.0)), 2),
    )

"""Terms: how long an entry stands, and what a verdict lists or takes back by itself."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from shared.errors import Reject
from shared.events import AnalyserAnswer
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory

Policy: TypeAlias = Literal["off", "confident", "ask"]

#: How long an entry stands when nobody says otherwise: a campaign is over by then, and a mistake too.
LIFETIME = timedelta(days=30)

#: Least confidence, 0 to 1, with which a verdict lists by itself.
CONFIDENT = 0.85

#: Verdicts that list by themselves: those whose mails do harm.
HARMFUL: tuple[VerdictCategory, ...] = ("malware", "phishing")

_DAYS = re.compile(r"([1-9][0-9]{0,2})d\Z")
_IDLE = re.compile(r"hit\+([1-9][0-9]{0,2})d\Z")


def expiry(*, text: str, at: datetime) -> datetime | None:
    """When an entry ends: `Nd` (days from `at`), `never` (None), or a date or moment (RFC 3339; UTC without a zone).

    `hit+Nd` is at first the same as `Nd`; every hit moves it to N days later.

    Raises:
        Reject: it is none of these, or not in the future.
    """
    if text == "never":
        return None
    if days := _DAYS.match(text.removeprefix("hit+")):
        return at + timedelta(days=int(days[1]))
    try:
        moment = datetime.fromisoformat(text)
        ends = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Reject(
            "the expiry is not understood: give 1d, 7d, 30d, hit+30d (days after the last hit), never, or a date such as 2027-01-31"
        ) from None
    if ends <= at:
        raise Reject("the expiry is over already: give a date in the future")
    return ends


def idle_days(*, text: str) -> int | None:
    """The days after its last hit that an entry ends, of a text such as `hit+30d`; None when it is no such text."""
    found = _IDLE.match(text)
    return int(found[1]) if found else None


def later(*, one: datetime | None, other: datetime | None) -> datetime | None:
    """The later end of two; None never ends."""
    return max(one, other) if one and other else None


def lists(*, policy: Policy, category: VerdictCategory, confidence: float) -> bool:
    """Whether a verdict lists what it proposes; with `ask` its proposals wait for an operator."""
    return policy == "confident" and category in HARMFUL and confidence >= CONFIDENT


def short_of_quorum(*, quorum: int, reports: int | None, verified: bool | None) -> str:
    """Why a verdict lists nothing yet: too few have reported, and nothing proves who they are; empty when it may.

    Who asks without saying how many reported is an operator, or an older service.
    """
    if verified or reports is None or reports >= quorum:
        return ""
    return (
        f"{reports} reported it, and nothing proves who: {quorum} reports of the case are needed, or one of a verified reporter, or an "
        "operator adds it"
    )


def takes_back(*, category: VerdictCategory, analysers: Sequence[AnalyserAnswer]) -> bool:
    """Whether a newer verdict ends what an older one listed: it is not bad, and somebody could say so.

    A verdict that came about because no analyser answered claims nothing, so it ends nothing.
    """
    nobody = bool(analysers) and all(one.evaluation == "error" for one in analysers)
    return category not in BAD_CATEGORIES and not nobody

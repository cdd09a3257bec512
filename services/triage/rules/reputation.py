"""How often somebody's reports are right. It weighs in rules, and never keeps a report from being looked at. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.events.vocabulary import BAD_CATEGORIES

#: Days after which a report counts half: people learn.
HALF_LIFE_DAYS = 90

#: What a stranger is given: one right and one wrong report.
GIVEN = 1.0

Proof = Literal["", "right", "wrong"]

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Reputation:
    """Right and wrong reports, fading, as of a day."""

    right: float = 0.0
    wrong: float = 0.0
    day: int = 0

    def on(self, day: int) -> "Reputation":
        """The same on a later day; whole days, so that counting the same reports again on the same day comes to the same."""
        faded = 0.5 ** (max(day - self.day, 0) / HALF_LIFE_DAYS)
        return Reputation(self.right * faded, self.wrong * faded, max(day, self.day))

    def told(self, *, before: Proof, now: Proof) -> "Reputation":
        """With one report that proved `now`, which was counted as `before`."""
        right = self.right + (now == "right") - (before == "right")
        wrong = self.wrong + (now == "wrong") - (before == "wrong")
        return Reputation(max(right, 0.0), max(wrong, 0.0), self.day)

    @property
    def precision(self) -> float:
        """The share of right reports, 0 to 1; a half for somebody who has not reported yet."""
        return (self.right + GIVEN) / (self.right + self.wrong + 2 * GIVEN)

    @property
    def count(self) -> int:
        """Reports that count, rounded."""
        return round(self.right + self.wrong)


def day_of(when: date) -> int:
    """A day in days since 1970."""
    return when.toordinal() - _EPOCH


def proof(*, reported: str, verdict: str) -> Proof:
    """Whether a report was right, once there is a verdict.

    Nobody is wrong about what analysis cannot tell. A simulation that is reported is what it is for. Bulk mail is no
    phishing, but people may well call it junk.
    """
    if verdict in ("", "unknown"):
        return ""
    is_bad = verdict in (*BAD_CATEGORIES, "simulation")
    if reported == "not_junk":
        return "wrong" if is_bad else "right"
    if is_bad:
        return "right"
    return "" if verdict == "bulk" and reported != "junk" else "right" if verdict == "bulk" else "wrong"

"""What a case and the like mails in it stand by, and what a mail says when its own analysis says nothing. Pure."""

from dataclasses import dataclass
from typing import Any

from shared.events.vocabulary import BAD_CATEGORIES

#: Verdicts by how much they matter for a whole case, the least first.
_ORDER = ("", "unknown", "clean", "simulation", "bulk", "spam", "phishing", "malware")


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict: of a mail, or the one that a case or like mails stand by. Version 0 is none yet."""

    category: str = ""
    confidence: float = 0.0
    version: int = 0

    @classmethod
    def of(cls, row: Any) -> "Standing":
        """That of a row with these columns."""
        return cls(row.category, row.confidence, row.version)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a mail, and whether it is said because of others like it."""

    category: str
    confidence: float
    version: int
    inherited: bool


def is_worse(one: Standing, other: Standing) -> bool:
    """Whether a case should rather stand by `one` than by `other`."""
    return (_ORDER.index(one.category), one.confidence) > (_ORDER.index(other.category), other.confidence)


def said(*, own: Standing, kin: Standing) -> Said:
    """What is said of a mail: its own verdict, unless that is `unknown` and mails like it are known to be bad.

    Only bad verdicts are inherited: a phish that is made to be like honest mail must not pass for it.
    """
    if own.category == "unknown" and kin.category in BAD_CATEGORIES:
        return Said(kin.category, kin.confidence, max(own.version, kin.version), inherited=True)
    return Said(own.category, own.confidence, own.version, inherited=False)

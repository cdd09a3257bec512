"""The rows of a digest as people see them: like ones folded into one, those of blocked senders into a line. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

#: What replies and forwards put before a subject, in the languages of most mail.
_PREFIX = re.compile(r"(?:\s*(?:re|aw|sv|antw|fwd?|wg|tr|rv)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_BETWEEN = re.compile(r"[\W_]+")

#: Longest subject that is compared, in characters.
COMPARED_MAX = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A held mail, as it came."""

    held_id: str
    name: str
    address: str
    subject: str
    reason: str
    held_at: datetime
    expires_at: datetime


@dataclass(slots=True)
class Group:
    """A row and those like it, the newest first."""

    first: Row
    others: list[Row] = field(default_factory=list)


def fold(rows: Sequence[Row]) -> tuple[list[Group], list[Row]]:
    """Groups of like rows, that with the newest row first; and the rows of blocked senders, apart.

    Alike are mails of one sender and one reason whose subjects differ in digits, signs, case, or what a reply puts before.
    """
    groups: dict[tuple[str, str, str], Group] = {}
    blocked: list[Row] = []
    for row in sorted(rows, key=lambda row: row.held_at, reverse=True):
        if row.reason == "blocked_sender":
            blocked.append(row)
            continue
        key = (row.address.lower(), row.reason, skeleton(row.subject))
        if key in groups:
            groups[key].others.append(row)
        else:
            groups[key] = Group(row)
    return list(groups.values()), blocked


def skeleton(subject: str) -> str:
    """What like subjects have in common."""
    plain = unicodedata.normalize("NFKC", subject[:COMPARED_MAX]).casefold()
    if not plain.isprintable():
        plain = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    plain = _DIGITS.sub("0", _PREFIX.sub("", plain, count=1))
    return _BETWEEN.sub(" ", plain).strip()

"""What one recipient's copy of a held mail is now, and what its recipient may do with it. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from shared.events.vocabulary import QuarantineAct, QuarantinePermission

#: `asking`, `releasing` and `deleting`: asked for here and not answered yet; `trouble`: a release is tried again.
Standing = Literal[
    "held", "asking", "requested", "releasing", "trouble", "deleting", "released", "denied", "deleted", "expired"
]

#: Statuses by how final they are: events of one copy come on several streams, in any order.
RANK: dict[str, int] = {"held": 0, "release_requested": 1, "denied": 2, "expired": 3, "deleted": 4, "released": 5}

#: Reasons for which nobody releases by themselves, whatever the policy says.
DANGEROUS = frozenset({"malware", "phishing_high"})

#: Verdicts with which digest releases nothing without an operator; junk is what most held mail is.
KNOWN_BAD = frozenset({"malware", "phishing"})

#: What may be asked for before digest has filed the copy: digest decides with its own eyes, and nothing of the mail is shown.
BEFORE_FILED: tuple[QuarantinePermission, ...] = ("request", "block", "submit", "delete")

_ACTS: tuple[QuarantineAct, ...] = ("release", "request", "submit", "block", "allow", "delete")
_ONE_AT_A_TIME: dict[str, Standing] = {"release": "releasing", "delete": "deleting", "request": "asking"}
_AFTERWARDS: frozenset[QuarantineAct] = frozenset({"submit", "block", "allow"})
_POSSIBLE: dict[Standing, frozenset[QuarantineAct]] = {
    "held": frozenset(_ACTS),
    "requested": _AFTERWARDS | {"delete"},
    "denied": _AFTERWARDS | {"delete"},
    "released": _AFTERWARDS,
}
_STANDS: dict[str, Standing] = {
    "held": "held",
    "release_requested": "requested",
    "released": "released",
    "denied": "denied",
    "deleted": "deleted",
    "expired": "expired",
}


class Asked(NamedTuple):
    """An ask as rules know it."""

    act: str
    outcome: str
    code: str = ""


def later(*, known: str, told: str) -> str:
    """The status after an event told one."""
    return told if RANK[told] >= RANK[known] else known


def standing_of(*, status: str, attempts: int, asks: Iterable[Asked], expires_at: datetime, at: datetime) -> Standing:
    """Where a copy stands."""
    if RANK[status] >= RANK["denied"]:
        return _STANDS[status]
    if expires_at <= at:
        return "expired"
    if attempts:
        return "trouble"
    waiting = {ask.act for ask in asks if not ask.outcome}
    for act, standing in _ONE_AT_A_TIME.items():
        if act in waiting and not (act == "request" and status == "release_requested"):
            return standing
    return _STANDS[status]


def permissions_of(*, policy: str, permissions: str, reason: str) -> frozenset[QuarantinePermission]:
    """What a policy that was bound lets a recipient do."""
    granted = permissions.split() if policy else BEFORE_FILED
    found = {word for word in get_args(QuarantinePermission) if word in granted}
    if reason in DANGEROUS and "release" in found:
        found = (found - {"release"}) | {"request"}
    return frozenset(found)


def acts_of(
    *, permissions: Collection[str], standing: Standing, asks: Iterable[Asked], verdict: str = ""
) -> tuple[QuarantineAct, ...]:
    """What a recipient may ask for now, the likeliest first. What is known to be dangerous by now is asked for, not released."""
    left_out = {ask.act for ask in asks if ask.outcome != "refused"}
    is_bad = verdict in KNOWN_BAD or any(ask.code == "now_known_bad" for ask in asks)
    left_out.add("release" if is_bad else "request" if "release" in permissions else "")
    possible = _POSSIBLE.get(standing, frozenset())
    return tuple(act for act in _ACTS if act in permissions and act in possible and act not in left_out)

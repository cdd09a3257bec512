"""What may happen to one recipient's copy of a held mail. Pure."""

from typing import Literal

from shared.events.vocabulary import QuarantineReason, QuarantineStatus

Act = Literal["request", "release", "approve", "deny", "delete", "expire"]

#: Reasons for which a recipient may release by themselves; everything else is only asked for.
SELF_RELEASE: frozenset[QuarantineReason] = frozenset({"spam", "bulk", "policy", "blocked_sender"})

#: The states that people and time may still end.
OPEN: tuple[QuarantineStatus, ...] = ("held", "release_requested")

#: Where each act leads, and from where. A release is written down as `released` once the gateway has taken the mail.
_WAYS: dict[Act, tuple[tuple[QuarantineStatus, ...], QuarantineStatus]] = {
    "request": (("held",), "release_requested"),
    "release": (("held",), "released"),
    "approve": (OPEN, "released"),
    "deny": (OPEN, "denied"),
    "delete": (OPEN, "deleted"),
    "expire": (OPEN, "expired"),
}

_WORDS: dict[str, str] = {
    "held": "is held",
    "release_requested": "was asked for and waits for an operator",
    "released": "was released already",
    "denied": "was denied by an operator",
    "deleted": "was deleted already",
    "expired": "has expired and is gone",
}

REASONS: dict[str, str] = {
    "malware": "It carries malware",
    "phishing_high": "It is phishing, surely",
    "phishing": "It looks like phishing",
    "spam": "It looks like spam",
    "bulk": "It is bulk mail",
    "policy": "A rule of your organisation",
    "blocked_sender": "Its sender is blocked",
}


def refusal(*, act: Act, status: str, reason: str) -> str:
    """Why an act is not possible; the empty string when it is."""
    before, _ = _WAYS[act]
    if status not in before:
        return f"This mail {_WORDS.get(status, status)}."
    if act == "release" and reason not in SELF_RELEASE:
        return "This mail may be dangerous: you can ask for it, and an operator decides."
    return ""


def after(*, act: Act) -> QuarantineStatus:
    """The status that an act leads to."""
    return _WAYS[act][1]


def acts_of_recipient(*, status: str, reason: str) -> tuple[Act, ...]:
    """What a recipient may do now, the likeliest first."""
    wanted: tuple[Act, ...] = ("release", "request", "delete")
    possible = [act for act in wanted if not refusal(act=act, status=status, reason=reason)]
    return tuple(act for act in possible if not (act == "request" and "release" in possible))


def words_of(*, status: str) -> str:
    """A status in words."""
    return f"This mail {_WORDS.get(status, status)}."

"""Where one recipient's copy of a held mail stands, and what may follow. Pure.

A copy is `held` or `release_requested` until somebody or time ends it. A release that was decided is on its way
(`releasing`) until the gateway has the mail or the release is given up; nothing else happens to the copy meanwhile.
"""

from collections.abc import Collection
from typing import Literal

from shared.events.vocabulary import BAD_CATEGORIES, QuarantineRefusal, QuarantineStatus

#: What recipients do to their copy, what operators do to it, and time.
Act = Literal["request", "release", "delete", "block", "allow", "submit", "approve", "deny", "remove", "expire"]

#: The acts of recipients: each needs the permission of the same name. Who may release may ask, too: for what is known to be
#: bad by now.
OF_RECIPIENT: tuple[Act, ...] = ("release", "request", "delete", "block", "allow", "submit")

#: The states that people and time may still end.
OPEN: tuple[QuarantineStatus, ...] = ("held", "release_requested")

#: Verdicts with which a mail is not released, but by an operator who says that they know. Spam is what most held mail is.
KNOWN_BAD = frozenset(BAD_CATEGORIES) - {"spam"}

_LEFT: tuple[QuarantineStatus, ...] = (*OPEN, "denied", "released")

#: From where each act is possible, and where it leads; None: it leaves the copy as it is, or a release is on its way first.
_WAYS: dict[Act, tuple[tuple[QuarantineStatus, ...], QuarantineStatus | None]] = {
    "request": (("held",), "release_requested"),
    "release": (OPEN, None),
    "approve": ((*OPEN, "denied"), None),
    "deny": (OPEN, "denied"),
    "delete": ((*OPEN, "denied"), "deleted"),
    "remove": ((*OPEN, "denied"), "deleted"),
    "expire": (OPEN, "expired"),
    "block": (_LEFT, None),
    "allow": (_LEFT, None),
    "submit": (_LEFT, None),
}

_CODES: dict[str, QuarantineRefusal] = {
    "release_requested": "already_requested",
    "released": "already_released",
    "denied": "denied",
    "deleted": "already_deleted",
    "expired": "expired",
}

#: Why not, in words for people.
WHY_NOT: dict[QuarantineRefusal, str] = {
    "not_permitted": "This is not for you to decide: your organisation's policy does not allow it for this mail.",
    "already_requested": "This mail was asked for and waits for an operator.",
    "already_released": "This mail was released already.",
    "already_deleted": "This mail was deleted already.",
    "expired": "This mail has expired and is gone.",
    "denied": "An operator denied the release of this mail.",
    "in_progress": "This mail is on its way to your mailbox.",
    "now_known_bad": "This mail is known to be dangerous by now.",
    "no_sender": "This mail names no sender's address.",
    "unknown_mail": "There is no such mail for this recipient.",
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


def refusal(  # noqa: PLR0913 - what a decision stands on, each by its name
    *,
    act: Act,
    status: str,
    releasing: bool = False,
    over: bool = False,
    permissions: Collection[str] = (),
    verdict: str = "",
    override: bool = False,
) -> QuarantineRefusal | None:
    """Why an act is not possible now; None when it is.

    Args:
        act: what is wanted.
        status: where the copy stands.
        releasing: a release was decided and is on its way.
        over: the copy's time is over, whether or not it was marked so.
        permissions: what its recipient may do, as bound when it was filed.
        verdict: the category of the newest verdict about the mail.
        override: an operator knows of the verdict.
    """
    if act in OF_RECIPIENT and act not in permissions and not (act == "request" and "release" in permissions):
        return "not_permitted"
    before, _ = _WAYS[act]
    if releasing and before is not _LEFT:
        return "in_progress"
    if status not in before:
        return _CODES.get(status, "already_requested")
    if over and act != "expire":
        return "expired"
    if verdict in KNOWN_BAD and (act == "release" or (act == "approve" and not override)):
        return "now_known_bad"
    return None


def after(*, act: Act, status: str) -> str:
    """The status that a possible act leads to."""
    return _WAYS[act][1] or status

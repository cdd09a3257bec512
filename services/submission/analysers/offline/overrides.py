"""What let a mail past its filter, as the filter noted it in the mail, and what takes that away again.

A sender may forge such a header: it says why a bad mail came in, it never says that a mail is good.
"""

import re
from dataclasses import dataclass

from services.submission.analysers.offline.view import View, quoted
from shared.events.vocabulary import Cause

#: Where filters note what they found.
FINDINGS = (
    "x-spamd-result",
    "x-spam-status",
    "x-rspamd-report",
    "x-spam-report",
    "x-forefront-antispam-report",
)

#: Where they note what overrode them.
HEADERS = (*FINDINGS, "x-ms-exchange-organization-scl")

_ALLOWED = r"\b(?:\w{0,30}_)?(?:WHITELIST|WELCOMELIST|ALLOWLIST|ALLOW_LIST|WHITE_LIST)\w{0,40}\b"

#: A note, whose doing it was, and what to change. `{}` is the note. The users' own come first: theirs is the last word.
#: SFV and IPV are codes of Exchange Online (its anti-spam message headers); the others are Rspamd's and SpamAssassin's.
_NOTES: tuple[tuple[re.Pattern[str], Cause, str], ...] = (
    (
        re.compile(r"\bSFV:SFE\b"),
        "allowed_by_user",
        "Take the sender off the recipient's safe senders in Outlook: the filter noted {}, and did not look at the mail.",
    ),
    (
        re.compile(r"\bUSER_IN_\w{1,40}\b"),
        "allowed_by_user",
        "Take the sender off the list of welcome senders in SpamAssassin's preferences, by which {} let it in.",
    ),
    (
        re.compile(r"\bLONGSTOP_ALLOW\b(?:\([^)]{0,20}\))?(?:\[[^\]]{0,80}\])?"),
        "allowed_by_tenant",
        "Remove Longstop's own allow entry that let it in, with `longstop block remove`: the gateway noted {}.",
    ),
    (
        re.compile(r"\bSFV:SKA\b"),
        "allowed_by_tenant",
        "Remove the allow entry of the anti-spam policy (allowed senders or domains): the filter noted {}, and let it pass.",
    ),
    (
        re.compile(r"\bIPV:CAL\b"),
        "allowed_by_tenant",
        "Remove the server's address from the IP allow list of the connection filter, which {} stands for.",
    ),
    (
        re.compile(r"\bSFV:SKN\b|\bSCL:-1\b|^-1$"),
        "allowed_by_tenant",
        "Find the mail flow rule that sets the spam confidence level to -1, and narrow it: the filter noted {}.",
    ),
    (
        re.compile(_ALLOWED + r"|\bALL_SPAM_TO\b"),
        "allowed_by_tenant",
        "Remove the allow entry of the gateway that let it in: its filter noted {}.",
    ),
)


@dataclass(frozen=True, slots=True)
class Override:
    """Who let a mail in, and what to change."""

    cause: Cause
    advice: str


def override_of(view: View) -> Override | None:
    """The override that a filter noted, if any."""
    notes = [view.mail.header(name).strip() for name in HEADERS]
    for pattern, cause, advice in _NOTES:
        for note in notes:
            if found := pattern.search(note):
                return Override(cause, advice.format(quoted(found[0])))
    return None


def was_filtered(view: View) -> bool:
    """Whether any filter left a note."""
    return any(view.mail.header(name).strip() for name in FINDINGS)

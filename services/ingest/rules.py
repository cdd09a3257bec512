"""What ingest decides: which mailbox means which category, why a gateway held a mail, who counts as verified."""

from collections.abc import Collection, Iterable, Mapping
from typing import get_args

from shared.events.vocabulary import QuarantineReason, ReportCategory

#: Local parts of the report mailboxes; `None`: the subject's prefix decides.
MAILBOXES: Mapping[str, ReportCategory | None] = {
    "phish": "phishing",
    "junk": "junk",
    "notjunk": "not_junk",
    "report": None,
}

#: Addresses that are remembered of one mail.
PEOPLE_MAX = 100

#: The mailbox that takes held mail.
QUARANTINE_MAILBOX = "quarantine"

REASONS: tuple[QuarantineReason, ...] = get_args(QuarantineReason)

_WORST_FIRST: tuple[QuarantineReason, ...] = (
    "malware",
    "phishing_high",
    "phishing",
    "spam",
    "bulk",
    "blocked_sender",
    "policy",
)

#: Words in the names of a filter's symbols that tell why it held a mail, the worst first.
_SYMBOL_WORDS: tuple[tuple[str, QuarantineReason], ...] = (
    ("LONGSTOP", "blocked_sender"),
    ("VIRUS", "malware"),
    ("CLAM_", "malware"),
    ("MALWARE", "malware"),
    ("PHISH", "phishing"),
    ("BULK", "bulk"),
)


def mailbox_of(*, recipient: str) -> str:
    """The local part of an envelope recipient, lower-case and without a plus-tag."""
    return recipient.rpartition("@")[0].lower().partition("+")[0]


def reason_of(*, given: str, symbols: Collection[str], action: str) -> QuarantineReason:
    """Why a mail was held: what was said, else what the filter's symbols say, else what its action says."""
    for reason in REASONS:
        if given.strip().lower() == reason:
            return reason
    for word, reason in _SYMBOL_WORDS:
        if any(word in symbol.upper() for symbol in symbols):
            return reason
    return "spam" if action or symbols else "policy"


def worse_of(one: QuarantineReason, other: QuarantineReason) -> QuarantineReason:
    """The reason that lets recipients do less: a header may be the sender's, and must not make a reason milder."""
    return min(one, other, key=_WORST_FIRST.index)


def is_verified(*, reporter: str, own_domains: Collection[str], proven: bool) -> bool:
    """A reporter is verified when their domain is ours and something proves that they are who they say."""
    return proven and reporter.rpartition("@")[2].lower() in own_domains


def people(addresses: Iterable[str]) -> str:
    """Addresses as the column `people` has them: between spaces, so that each can be found whole."""
    kept = dict.fromkeys(address.lower() for address in addresses if address and " " not in address)
    return f" {' '.join(list(kept)[:PEOPLE_MAX])} " if kept else ""

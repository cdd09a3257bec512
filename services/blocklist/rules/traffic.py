"""What traffic says of an entry before it is made: mail that came for long is honest until somebody says otherwise. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.blocklist.rules.forms import canonical
from services.blocklist.rules.precedence import parents
from shared.errors import Reject

#: Days that are counted.
DAYS = 30

#: Mail of the last days may be the campaign itself, so it speaks for nobody.
FRESH_DAYS = 2

#: Senders and hosts that are counted of one mail.
SENDERS_MAX, HOSTS_MAX = 5, 20


def day_of(at: datetime) -> int:
    """A day in UTC, as a number."""
    return at.toordinal()


def keys_of(*, senders: Sequence[str], hosts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every (kind, value) that would name a mail with these senders and links; each once."""
    found: dict[tuple[str, str], None] = {}
    for sender in senders[:SENDERS_MAX]:
        try:
            address = canonical(kind="address", value=sender)
        except Reject:
            continue
        found["address", address] = None
        found.update((("domain", domain), None) for domain in parents(address.rpartition("@")[2]))
    for host in hosts[:HOSTS_MAX]:
        try:
            name = canonical(kind="url", value=host)
        except Reject:
            continue
        if "/" not in name:
            found.update((("url", parent), None) for parent in parents(name))
    yield from found


def collateral(*, mails: int, days: int, most: int) -> str:
    """Why an entry that would have stopped so many mails on so many days is not made by a verdict; empty when it may be."""
    if not most or mails < most:
        return ""
    return (
        f"it would have stopped {mails} mails on {days} of the last {DAYS} days, so it is honest as a rule: an operator can add it, "
        "or name something narrower"
    )

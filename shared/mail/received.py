"""The way of a mail, from its Received fields (RFC 5321, section 4.4), the newest first."""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from shared.mail import limits
from shared.mail.dates import read_date
from shared.mail.model import Hop
from shared.mail.words import one_line

_NAME = r"([A-Za-z0-9._:\[\]-]{1,255})"
_FROM = re.compile(rf"\bfrom\s{{1,5}}{_NAME}", re.IGNORECASE)
_BY = re.compile(rf"\bby\s{{1,5}}{_NAME}", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s{1,5}([A-Za-z0-9]{1,20})", re.IGNORECASE)
#: An address in brackets or parentheses, as MTAs write the peer's own; Exchange writes it bare.
_ADDRESS = re.compile(r"[\[(](?:IPv6:)?([0-9A-Fa-f.:]{3,45})[\])]", re.IGNORECASE)


#: Networks inside an organisation (RFC 1918, RFC 6598, RFC 4193) and of one machine or link.
_INSIDE = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("fc00::/7", "fe80::/10", "::1/128"),
        ),
    )
)


def read_hops(values: Iterable[str]) -> tuple[Hop, ...]:
    """The hops of a mail; what a field does not say is empty. Everything below the own gateway's may be forged."""
    hops: list[Hop] = []
    for value in values:
        if len(hops) >= limits.HOPS_MAX:
            break
        text = value[: limits.HOP_MAX]
        said, _, date = text.rpartition(";")
        said = (said or text).strip()
        peer = said.partition(" by ")[0] if said[:5].lower() == "from " else ""
        receiver = said[len(peer) :]
        hops.append(
            Hop(
                helo=_first(_FROM, peer),
                address=_address(peer),
                by=_first(_BY, receiver),
                protocol=_first(_WITH, receiver).upper(),
                date=read_date(date.strip()),
            )
        )
    return tuple(hops)


def first_outside(hops: Iterable[Hop]) -> Hop | None:
    """The newest hop whose client was no address of a private network: who handed the mail to the organisation."""
    for hop in hops:
        try:
            address = ip_address(hop.address)
        except ValueError:
            continue
        if not any(address in network for network in _INSIDE):
            return hop
    return None


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return one_line(match[1], limits.HOST_MAX).strip("[]").lower() if match else ""


def _address(text: str) -> str:
    for match in _ADDRESS.finditer(text):
        try:
            return str(ip_address(match[1]))
        except ValueError:
            continue
    return ""

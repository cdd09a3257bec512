"""The list as zones for name servers: a response policy zone (RPZ) of hosts, and two DNS block lists (RFC 5782). Pure.

For whatever reads DNS and nothing else: a resolver that must not resolve a blocked host, a mail server that asks `reject_rbl_client` or
`reject_rhsbl_sender`. What is between is the resolver's cache: a zone is never as fast as the hash.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from services.blocklist.rules.forms import network_of
from shared.events.vocabulary import BlockAction, BlockKind
from shared.mail.domains import is_address

ZoneName: TypeAlias = Literal["rpz", "dnsbl-ip", "dnsbl-domain"]

#: The zones by name, and the kind of entries that each is made of.
ZONES: dict[str, BlockKind] = {"rpz": "url", "dnsbl-ip": "ip", "dnsbl-domain": "domain"}

#: How long a resolver keeps an answer, in seconds.
TTL_S = 60

#: Longest name, so that there is room for the zone's own (RFC 1035, section 2.3.4: 255 bytes).
NAME_MAX = 180

#: What a block list answers (RFC 5782, section 2.1).
LISTED = "127.0.0.2"


@dataclass(frozen=True, slots=True)
class Named:
    """An entry for everybody, as a zone needs it."""

    block_id: str
    value: str
    action: BlockAction


def zone(name: ZoneName, entries: Iterable[Named], *, changed_at: datetime) -> Iterator[str]:
    """The lines of a zone (RFC 1035, section 5), its names relative to its origin."""
    yield f"$TTL {TTL_S}"
    yield f"@ SOA localhost. nobody.localhost. {int(changed_at.timestamp()) % 2**32} {TTL_S} {TTL_S} 86400 {TTL_S}"
    yield "@ NS localhost."
    lines = {"rpz": _policy, "dnsbl-ip": _addresses, "dnsbl-domain": _domains}[name]
    for entry in entries:
        yield from lines(entry)


def _policy(entry: Named) -> Iterator[str]:
    """`CNAME .` answers that there is no such name; `rpz-passthru` lets a narrower one through."""
    if "/" in entry.value:
        return
    target = "." if entry.action == "block" else "rpz-passthru."
    if is_address(entry.value):
        yield f"{_in_policy(entry.value.strip('[]'))}.rpz-ip CNAME {target}"
    elif len(entry.value) <= NAME_MAX:
        yield f"{entry.value} CNAME {target}"
        yield f"*.{entry.value} CNAME {target}"


def _in_policy(address: str) -> str:
    """An address as the name of a rule for answers that hold it: its prefix, then its parts from the last to the first."""
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return ".".join(["32", *reversed(address.split("."))])
    parts = [part.lstrip("0") or "0" for part in found.exploded.split(":")]
    return ".".join(["128", *reversed(parts)])


def _domains(entry: Named) -> Iterator[str]:
    if len(entry.value) <= NAME_MAX:
        for name in (entry.value, f"*.{entry.value}"):
            yield from _answer(name, entry)


def _addresses(entry: Named) -> Iterator[str]:
    for name in _reversed(entry.value):
        yield from _answer(name, entry)


def _answer(name: str, entry: Named) -> Iterator[str]:
    """An allowed name has no address, and hides the wider one that would have answered for it."""
    if entry.action == "block":
        yield f"{name} A {LISTED}"
    yield f'{name} TXT "{entry.action}ed by mail policy, entry {entry.block_id}"'


def _reversed(value: str) -> Iterator[str]:
    """The names of an address or network, octet by octet (IPv6: digit by digit), the last first (RFC 5782, sections 2.1 and 2.4)."""
    network = network_of(value)
    step = 8 if network.version == 4 else 4
    whole = -(-network.prefixlen // step) * step
    parts_of = network.max_prefixlen // step
    for one in network.subnets(new_prefix=whole) if whole > network.prefixlen else (network,):
        address = one.network_address
        parts = str(address).split(".") if one.version == 4 else list(address.exploded.replace(":", ""))
        named = parts[: whole // step]
        yield ".".join([*(["*"] if len(named) < parts_of else []), *reversed(named)])

"""The list as zones for name servers: a response policy zone (RPZ) of hosts, and two DNS block lists (RFC 5782). Pure.

For whatever reads DNS and nothing else: a resolver that must not resolve a blocked host, a mail server that asks `reject_rbl_client` or
`reject_rhsbl_sender`. What is between is the resolver's cache: a zone is never as fast as the hash.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
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

#: Labels of the name of one address, IPv4 and IPv6: nothing is below it, as nothing asks for a network itself.
_WHOLE = (4, 32)


#: What is listed so that readers can see that a list answers (RFC 5782, section 5).
_TESTS: dict[str, tuple[str, ...]] = {
    "rpz": (),
    "dnsbl-ip": ("2.0.0.127", f"2.0.0.0.0.0.f.7.f.f.f.f{'.0' * 20}"),
    "dnsbl-domain": ("test",),
}


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
    for test in _TESTS[name]:
        yield f"{test} A {LISTED}"
        yield f'{test} TXT "for tests"'
    listed = list(entries)
    if name == "rpz":
        yield from _policies_of_addresses(listed)
    nodes = _nodes(listed, _addresses if name == "dnsbl-ip" else _hosts)
    said = _policy if name == "rpz" else _answer
    for node, entry in _with_those_between(nodes):
        if name != "dnsbl-ip" or node.count(".") + 1 in _WHOLE:
            yield from said(node, entry)
        if name != "dnsbl-ip" or node.count(".") + 1 not in _WHOLE:
            yield from said(f"*.{node}", entry)


def _nodes(entries: Iterable[Named], named: Callable[[Named], Iterable[str]]) -> dict[str, Named]:
    """The names from which an entry holds for all below; of two entries of one name the one that came from fewer of them."""
    found: dict[str, tuple[int, Named]] = {}
    for entry in entries:
        nodes = list(named(entry))
        for node in nodes:
            if node not in found or len(nodes) < found[node][0]:
                found[node] = (len(nodes), entry)
    return {node: entry for node, (_, entry) in found.items()}


def _with_those_between(nodes: Mapping[str, Named]) -> Iterator[tuple[str, Named]]:
    """The names, and those between one and the one above that covers it.

    A name below which there is another exists, and what exists hides the wildcard above (RFC 4592, section 2.2.2).
    """
    yield from nodes.items()
    known: dict[str, Named | None] = {}
    for node in nodes:
        between: list[str] = []
        above = node.partition(".")[2]
        while above and above not in nodes and above not in known:
            between.append(above)
            above = above.partition(".")[2]
        cover = nodes.get(above) or known.get(above)
        known.update(dict.fromkeys(between, cover))
        if cover:
            yield from ((one, cover) for one in between)


def _policy(name: str, entry: Named) -> Iterator[str]:
    """`CNAME .` answers that there is no such name; `rpz-passthru` lets a narrower one through."""
    yield f"{name} CNAME {'.' if entry.action == 'block' else 'rpz-passthru.'}"


def _policies_of_addresses(entries: Iterable[Named]) -> Iterator[str]:
    for entry in entries:
        if "/" not in entry.value and is_address(entry.value):
            yield from _policy(f"{_in_policy(entry.value.strip('[]'))}.rpz-ip", entry)


def _in_policy(address: str) -> str:
    """An address as the name of a rule for answers that hold it: its prefix, then its parts from the last to the first."""
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return ".".join(["32", *reversed(address.split("."))])
    parts = [part.lstrip("0") or "0" for part in found.exploded.split(":")]
    return ".".join(["128", *reversed(parts)])


def _hosts(entry: Named) -> Iterator[str]:
    if "/" not in entry.value and not is_address(entry.value) and len(entry.value) <= NAME_MAX:
        yield entry.value


def _answer(name: str, entry: Named) -> Iterator[str]:
    """An allowed name has no address, and hides the wider one that would have answered for it."""
    if entry.action == "block":
        yield f"{name} A {LISTED}"
    yield f'{name} TXT "{entry.action}ed by mail policy, entry {entry.block_id}"'


def _addresses(entry: Named) -> Iterator[str]:
    """The names of an address or network, octet by octet (IPv6: digit by digit), the last first (RFC 5782, sections 2.1 and 2.4)."""
    network = network_of(entry.value)
    step = 8 if network.version == 4 else 4
    whole = -(-network.prefixlen // step) * step
    for one in network.subnets(new_prefix=whole) if whole > network.prefixlen else (network,):
        address = one.network_address
        parts = str(address).split(".") if one.version == 4 else list(address.exploded.replace(":", ""))
        yield ".".join(reversed(parts[: whole // step]))

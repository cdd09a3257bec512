"""Precedence: which entry decides about a mail, and why, the same every time.

1. For each thing that a mail brings (its sender, each URL, each file, the client), its own best entry speaks: a
   recipient's own entry (of their `+tag` first) before their domain's, and that before everybody's, then the more
   specific one (a sender through an infrastructure before the sender alone, an address before its domain, a page before
   what is below its path, that before its host, a host before its parents, a longer prefix before a shorter one), then
   a block before an allow.
2. Among these, any block stands before every allow: an allow covers only what it names. So an allowed sender does not
   open the door to a blocked file.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.blocklist.rules.forms import (
    PAIR_PREFIX,
    TENANT,
    before_forwarding,
    canonical,
    host_part,
    scope_width,
    sender_forms,
)
from services.blocklist.rules.guards import PREFIX_MIN
from shared.errors import Reject
from shared.events.vocabulary import BlockAction, BlockKind
from shared.mail import limits
from shared.mail.domains import ascii_host, is_address

#: Parents of a host that are looked up, counted from the right; a name of more labels is also looked up as a whole.
PARENT_LABELS_MAX = 8

#: Specificity of what has no parents: an address, a page, a file.
EXACT = 1_000

#: Specificity of everything below a place, such as `host/a/*`; each segment adds one.
BELOW = 500

#: Specificity of a pair of sender and infrastructure: of an address, of a domain (each label of it adds a step), of any sender.
PAIR_OF_ADDRESS, PAIR_OF_DOMAIN, PAIR_OF_ANY, PAIR_STEP = 1_100, 500, 450, 20

#: Segments of a path below which everything may be listed.
SEGMENTS_MAX = 8


@dataclass(frozen=True, slots=True)
class Lookup:
    """A key that a mail asks for. `thing` is what of the mail it stands for; higher `specificity` stands first."""

    thing: str
    kind: BlockKind
    value: str
    specificity: int


@dataclass(frozen=True, slots=True)
class Client:
    """Who brings a mail: its address, and its host name as the mail server has confirmed it; empty when unknown."""

    ip: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a lookup found."""

    lookup: Lookup
    block_id: str
    action: BlockAction
    scope: str

    def order(self) -> tuple[int, int, bool]:
        """Sorts what speaks first to the front."""
        return scope_width(self.scope), -self.lookup.specificity, self.action == "allow"

    def words(self) -> str:
        """What it is, for people."""
        whose = "everybody" if self.scope == TENANT else self.scope
        return f"the {self.action} of the {self.lookup.kind} {self.lookup.value} for {whose} ({self.block_id})"


@dataclass(frozen=True, slots=True)
class Decision:
    """The entry that decides, or none, and the reasons in the order in which they apply."""

    entry: Candidate | None
    why: tuple[str, ...]


NOBODY = Client()


def lookups(
    *,
    senders: Sequence[str] = (),
    authors: Sequence[str] = (),
    urls: Sequence[str] = (),
    files: Sequence[str] = (),
    client: Client = NOBODY,
) -> list[Lookup]:
    """Every key that could decide about a mail; what cannot be read as its kind asks for nothing.

    Args:
        senders: the envelope sender, or whatever a mail says it is from when nobody tells which is which.
        authors: the addresses in From (RFC 5322, section 3.6.2).
        urls: as written or canonical.
        files: SHA-256 in hex.
        client: who brings it.
    """
    found: dict[tuple[str, BlockKind, str], Lookup] = {}
    clients = _infrastructures(client)
    of_people = (*_of_senders("the sender", senders, clients), *_of_senders("From", authors, clients))
    for one in (*of_people, *_of_urls(urls), *_of_files(files), *_of_ip(client.ip)):
        found.setdefault((one.thing, one.kind, one.value), one)
    return list(found.values())


def decide(*, candidates: Sequence[Candidate]) -> Decision:
    """The entry that decides, by the rules above. The order of `candidates` does not matter, but for equal ones."""
    if not candidates:
        return Decision(None, ("no entry names anything of this mail",))
    speakers: list[Candidate] = []
    why: list[str] = []
    for thing in dict.fromkeys(one.lookup.thing for one in candidates):
        first, *others = sorted((one for one in candidates if one.lookup.thing == thing), key=Candidate.order)
        speakers.append(first)
        why.append(f"{thing}: {first.words()}")
        why += [f"it stands before {other.words()}: {_reason(first, other)}" for other in others]
    deciding = min(speakers, key=lambda one: (one.action == "allow", scope_width(one.scope)))
    if deciding.action == "block" and any(one.action == "allow" for one in speakers):
        why.append(f"{deciding.lookup.thing} decides: an allow covers only what it names")
    return Decision(deciding, tuple(why))


def places_above(url: str) -> Iterator[str]:
    """The beginnings of a canonical URL that end with a slash, the shortest first: `host/`, `host/a/`."""
    path, at = url.partition("?")[0], -1
    for _ in range(SEGMENTS_MAX):
        at = path.find("/", at + 1)
        if at < 0:
            return
        yield path[: at + 1]


def parents(host: str) -> Iterator[str]:
    """A host and the names above it, the longest first, down to two labels."""
    yield host
    if not is_address(host):
        labels = host.split(".")
        for count in range(min(len(labels) - 1, PARENT_LABELS_MAX), 1, -1):
            yield ".".join(labels[-count:])


def _reason(first: Candidate, other: Candidate) -> str:
    if first.scope != other.scope:
        return "a recipient's own entry comes first" if "@" in first.scope else "a recipient's domain comes first"
    return "it is more specific" if first.lookup.specificity > other.lookup.specificity else "a block comes first"


def _infrastructures(client: Client) -> list[str]:
    """What a pair may name of a client, the most specific first: its address, its name and those above, its network."""
    address, host = _known("ip", client.ip), ascii_host(client.name)
    found = [address] if address and "/" not in address else []
    if "." in host and not is_address(host):
        found += parents(host)
    if found and found[0] == address:
        network = ipaddress.ip_address(address)
        found.append(str(ipaddress.ip_network((network, PAIR_PREFIX[network.version]), strict=False)))
    return found


def _of_senders(thing: str, senders: Sequence[str], clients: Sequence[str]) -> Iterator[Lookup]:
    for number, sender in enumerate(senders, 1):
        if address := _known("address", sender):
            name = thing if len(senders) == 1 else f"{thing} {number}"
            yield from _of_address(name, address)
            yield from _of_pairs(name, address, clients)
            if original := _known("address", before_forwarding(address)):
                yield from _of_address(f"{name} before forwarding", original)


def _of_address(thing: str, address: str) -> Iterator[Lookup]:
    for less, form in enumerate(sender_forms(address)):
        yield Lookup(thing, "address", form, EXACT - less)
    for domain in parents(address.rpartition("@")[2]):
        yield Lookup(thing, "domain", domain, domain.count("."))


def _of_pairs(thing: str, address: str, clients: Sequence[str]) -> Iterator[Lookup]:
    """The sender, its domains and any sender, each through each form of the client."""
    if not clients:
        return
    users = [(form, PAIR_OF_ADDRESS - less * PAIR_STEP) for less, form in enumerate(sender_forms(address))]
    users += [
        (domain, PAIR_OF_DOMAIN + min(domain.count("."), PARENT_LABELS_MAX) * PAIR_STEP)
        for domain in parents(address.rpartition("@")[2])
    ]
    for user, specificity in (*users, ("*", PAIR_OF_ANY)):
        for less, client in enumerate(clients):
            yield Lookup(thing, "spoof", f"{user},{client}", specificity - less)


def _of_urls(urls: Sequence[str]) -> Iterator[Lookup]:
    for number, given in enumerate(urls, 1):
        url = _known("url", given[: limits.URL_MAX])
        if url:
            if "/" in url:
                yield Lookup(f"URL {number}", "url", url, EXACT)
            for depth, place in enumerate(places_above(url), 1):
                yield Lookup(f"URL {number}", "url", f"{place}*", BELOW + depth)
            for host in parents(host_part(url)):
                yield Lookup(f"URL {number}", "url", host, host.count("."))


def _of_files(files: Sequence[str]) -> Iterator[Lookup]:
    for number, given in enumerate(files, 1):
        if digest := _known("file", given):
            yield Lookup(f"file {number}", "file", digest, EXACT)


@lru_cache(maxsize=256)  # the same clients bring mail after mail, and an IPv6 address has eighty networks
def _of_ip(ip: str) -> tuple[Lookup, ...]:
    value = _known("ip", ip)
    if not value or "/" in value:
        return ()
    address = ipaddress.ip_address(value)
    found = [Lookup("the client", "ip", value, address.max_prefixlen)]
    start, form = int(address), type(address)
    for prefix in range(address.max_prefixlen - 1, PREFIX_MIN[address.version] - 1, -1):
        start &= -1 << (address.max_prefixlen - prefix)  # ip_network takes four times as long
        found.append(Lookup("the client", "ip", f"{form(start)}/{prefix}", prefix))
    return tuple(found)


def _known(kind: BlockKind, value: str) -> str:
    try:
        return canonical(kind=kind, value=value)
    except Reject:
        return ""

"""Guard rails: what is never listed, whoever asks. The attack behind them: a forged mail is reported until it blocks its victim."""

from dataclasses import dataclass
from functools import cache

from services.blocklist.rules.forms import Network, host_part, network_of
from shared.events.vocabulary import BlockAction, BlockKind
from shared.known import FREE_HOSTING, FREEMAIL, MAILERS, SHARED, SHORTENERS, speaks_for_many
from shared.mail.domains import is_address, is_public_suffix

#: Widest networks: what one customer of a provider gets, in bits of prefix; wider ones hit neighbours.
PREFIX_MIN = {4: 24, 6: 48}

#: Widest networks that a verdict may list: one sending machine.
PREFIX_MIN_AUTOMATIC = {4: 32, 6: 64}

#: Local parts that must stay reachable everywhere (RFC 2142; RFC 5321, section 4.5.1), and where bounces come from.
ROLES = frozenset({"postmaster", "abuse", "mailer-daemon"})

#: Domains that everybody has a mailbox at or sends through.
PROVIDERS = FREEMAIL | MAILERS

#: Hosts where everybody may put a page, a file or a short link. Those with a name for each customer (`name.github.io`) are
#: in the Public Suffix List, which is asked too.
HOSTS = PROVIDERS | SHARED | SHORTENERS | FREE_HOSTING

EMPTY_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _span(network: Network) -> tuple[int, int, int]:
    """Version, first and last address: compared as numbers, which is much quicker than as networks."""
    first = int(network.network_address)
    return network.version, first, first + network.num_addresses - 1


# The special-purpose registries (RFC 6890) but for the networks of documentation, which nobody sends from anyway.
_RESERVED = {
    text: _span(network_of(text))
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
}


@dataclass(frozen=True, slots=True)
class Ours:
    """What an organisation protects: its domains, and senders that always get through, canonical addresses and domains."""

    domains: tuple[str, ...] = ()
    senders: frozenset[str] = frozenset()


def refusal(
    *,
    kind: BlockKind,
    value: str,
    action: BlockAction,
    ours: Ours,
    automatic: bool = False,
) -> str:
    """Why a canonical value is not listed and what would be accepted, in one sentence; empty when it is accepted.

    `automatic`: a verdict asks, not a person. Values that would hit strangers are refused for blocks and allows, what
    must not be stopped only for blocks.
    """
    reason = _too_wide(kind, value, automatic)
    if action == "block":
        reason = reason or _must_pass(kind, value, ours.domains) or _protected(kind, value, ours.senders)
        if automatic and kind == "address" and speaks_for_many(value):
            reason = reason or f"all customers of a platform send from {value}: an operator can add it"
    return reason


def _too_wide(kind: BlockKind, value: str, automatic: bool) -> str:
    if kind == "domain":
        return _wide_domain(value)
    if kind == "url" and (host := value.removesuffix("/*")) == host_part(value) and not is_address(host):
        return _wide_host(host)
    if kind == "ip":
        return _wide_network(value, PREFIX_MIN_AUTOMATIC if automatic else PREFIX_MIN)
    if kind == "spoof":
        return _wide_pair(*value.split(","))
    return "this is the hash of every empty file" if value == EMPTY_FILE else ""


def _wide_domain(value: str) -> str:
    if is_public_suffix(value):
        return f"{value} is a public suffix, under which anybody registers: name a domain below it"
    if provider := _covered(value, PROVIDERS):
        return f"{provider} is used by everybody to send mail: name one address, such as NAME@{provider}"
    return ""


def _wide_host(value: str) -> str:
    if is_public_suffix(value):
        return f"{value} is a public suffix, under which anybody registers: name a host below it"
    if host := _covered(value, HOSTS):
        return f"{host} is a site that everybody uses: name one page, such as {host}/PATH"
    return ""


def _wide_pair(sender: str, client: str) -> str:
    """A pair hits strangers when everybody sends through its infrastructure and its sender is not one address."""
    if _is_ip(client):
        return ""
    if is_public_suffix(client):
        return f"{client} is a public suffix, under which anybody registers: name a host below it"
    if "@" not in sender and (host := _covered(client, HOSTS)):
        return f"{host} sends for everybody: name one address of {sender} with it, or another infrastructure"
    return ""


def _wide_network(value: str, prefix_min: dict[int, int]) -> str:
    network = network_of(value)
    least = prefix_min[network.version]
    if network.prefixlen >= least:
        return ""
    return f"{value} is too wide and would hit neighbours: name a network of /{least} or smaller"


def _must_pass(kind: BlockKind, value: str, own_domains: tuple[str, ...]) -> str:
    if kind == "address":
        local, _, domain = value.rpartition("@")
        if local in ROLES:
            return f"{local} must stay reachable, and bounces and complaints come from there: name another address"
        return _own(domain, own_domains)
    if kind == "domain":
        return _own(value, own_domains)
    if kind == "url":
        host = host_part(value)
        return _reserved(host.strip("[]")) if is_address(host) else _own(host, own_domains)
    if kind == "spoof":
        return _own_machine(value.rpartition(",")[2], own_domains)
    return _reserved(value) if kind == "ip" else ""


def _protected(kind: BlockKind, value: str, protected: frozenset[str]) -> str:
    """Partners, banks and whoever else must always get through; who forges them is blocked as a pair."""
    if not protected:
        return ""
    named = _covering(value.rpartition("@")[2]) if kind in ("address", "domain") else ()
    found = next((one for one in (value, *named) if one in protected), "")
    if not found and kind == "domain":
        found = next((one for one in sorted(protected) if one.endswith((f"@{value}", f".{value}"))), "")
    if not found:
        return ""
    return f"{found} is a protected sender: name it together with the infrastructure that forges it, as {found},HOST"


def _covering(domain: str) -> tuple[str, ...]:
    """A domain and those above it."""
    labels = domain.split(".")
    return tuple(".".join(labels[at:]) for at in range(len(labels) - 1))


def _own_machine(client: str, own_domains: tuple[str, ...]) -> str:
    """An own domain may be the sender of a pair, for that is who is spoofed; own machines are no infrastructure of it."""
    return _reserved(client) if _is_ip(client) else _own(client, own_domains)


def _is_ip(text: str) -> bool:
    return "/" in text or ":" in text or is_address(text)


def _own(domain: str, own_domains: tuple[str, ...]) -> str:
    for own in own_domains:
        if domain == own or domain.endswith(f".{own}") or own.endswith(f".{domain}"):
            return f"{own} is your own domain, and own domains are never blocked: name one that is not yours"
    return ""


def _reserved(value: str) -> str:
    version, first, last = _span(network_of(value))
    for reserved, (its_version, its_first, its_last) in _RESERVED.items():
        if version == its_version and first <= its_last and its_first <= last:
            return f"{value} is in {reserved}, which is private or reserved: name a public address"
    return ""


def _covered(value: str, names: frozenset[str]) -> str:
    """The name that an entry for `value` and everything below it would cover."""
    return value if value in names else _above(names).get(value, "")


@cache
def _above(names: frozenset[str]) -> dict[str, str]:
    """Every domain above these names, each with the first name below it."""
    found: dict[str, str] = {}
    for name in sorted(names):
        labels = name.split(".")
        for count in range(1, len(labels)):
            found.setdefault(".".join(labels[count:]), name)
    return found

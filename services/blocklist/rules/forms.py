"""One form for each value, so that what was listed and what a mail holds meet as equal strings."""

import ipaddress
import re
from functools import lru_cache
from typing import TypeAlias, get_args

from shared.errors import Reject
from shared.events.vocabulary import BlockKind
from shared.mail import limits
from shared.mail.addresses import parse_address
from shared.mail.domains import ascii_host, is_address
from shared.mail.urls import canonical_url

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Longest value as given, in characters: as long as the longest URL that is read.
VALUE_MAX = limits.URL_MAX

KINDS: tuple[BlockKind, ...] = get_args(BlockKind)

#: The scope of an entry that works for everybody.
TENANT = "tenant"

#: Networks that may stand in a pair of sender and infrastructure, in bits of prefix, beside single addresses: as Defender's /24.
PAIR_PREFIX = {4: 24, 6: 64}

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LIKE_IP = re.compile(r"[0-9a-f:.]{2,45}(?:/[0-9]{1,3})?\Z")
_PORT_AT_END = re.compile(r":[0-9]{1,5}\Z")
_WITH_PATH = re.compile(r"(?:https?:)?+[/\\]*+[^/\\?#]*+[/\\]", re.IGNORECASE)
_BATV = re.compile(r"prvs=[^=@]{1,20}=(.+)\Z")
_SRS = re.compile(r"srs0[=+-][^=@]{1,20}=[^=@]{1,10}=([^=@]{1,255})=(.+)\Z")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # IPv4 in IPv6 (RFC 4291, section 2.5.5.2)


def canonical(*, kind: BlockKind, value: str) -> str:
    """The one form of a value; applying it twice changes nothing.

    Addresses and domains are lower case with A-labels (RFC 5890); the local part keeps its `+tag`. A URL is
    `host/path?query` without scheme, credentials, port and fragment; without any path it is the host alone, which stands
    for everything on it and below it; with `/*` at its end it stands for everything below that place. A file is its SHA-256 in hex. IP addresses and networks are compressed, host bits
    cleared. A spoofed sender is a pair, `SENDER,INFRASTRUCTURE`: an address, a domain or `*`, and the client's host name, address,
    /24 or /64 network.

    Raises:
        Reject: the value is none of its kind; the text says what would be accepted.
    """
    if len(value) > VALUE_MAX:
        raise Reject(f"the value is too long: {VALUE_MAX} characters are the limit")
    return _FORMS[kind](value.strip())


def kind_of(value: str) -> BlockKind:
    """The kind that a value looks like: what a person meant who named none. It may still be none of that kind."""
    text = value.strip().lower()
    if "," in text:
        return "spoof"
    if _SHA256.match(text):
        return "file"
    if _LIKE_IP.match(text) and _network(text):
        return "ip"
    if any(mark in text for mark in "/\\?#"):
        return "url"
    return "address" if "@" in text.removeprefix("@") else "domain"


def canonical_scope(scope: str) -> str:
    """`tenant`, a recipient's domain, or a recipient's address, in its one form.

    Raises:
        Reject: it is none of these.
    """
    if scope == TENANT:
        return TENANT
    text = scope[:VALUE_MAX].strip().lower()
    if "@" not in text.removeprefix("@"):
        domain = ascii_host(text.removeprefix("@"))
        found = domain if "." in domain and not is_address(domain) else ""
    else:
        found = parse_address(text).address
    if not found or "|" in found:  # it parts the words of a field in the gateway's hash
        raise Reject("the scope is no recipient: give tenant, a domain, or one address such as NAME@DOMAIN")
    return found


def scopes_of(recipient: str) -> tuple[str, ...]:
    """The scopes that a recipient's mail is in beside `tenant`, the narrowest first; none for what is no address.

    Mail to `NAME+TAG@DOMAIN` is NAME's mail (RFC 5233), so NAME's own entries cover it.
    """
    try:
        address = canonical_scope(recipient)
    except Reject:
        return ()
    local, at, domain = address.rpartition("@")
    if not at:
        return ()
    plain = f"{local.partition('+')[0] or local}@{domain}"
    return tuple(dict.fromkeys((address, plain, *([domain] if "." in domain else ()))))


def scope_width(scope: str) -> int:
    """How wide a scope is: 0 one `NAME+TAG` of a recipient, 1 a recipient, 2 a domain, 3 everybody."""
    local, at, _ = scope.rpartition("@")
    return 3 if scope == TENANT else 2 if not at else 0 if local.find("+") > 0 else 1


def sender_forms(address: str) -> tuple[str, ...]:
    """A canonical sender address, and the plainer ones of its domain: without the tag of bounces, without a `+tag`.

    Tags of bounces are BATV's (`prvs=…=NAME@DOMAIN`), tags of people those of RFC 5233.
    """
    local, _, domain = address.rpartition("@")
    if match := _BATV.match(local):
        local = match[1]
    plain = local.partition("+")[0] or local
    return tuple(dict.fromkeys((address, f"{local}@{domain}", f"{plain}@{domain}")))


def before_forwarding(address: str) -> str:
    """The address that a forwarder rewrote to this one (SRS: `SRS0=…=…=DOMAIN=NAME@FORWARDER`), as the sender claims.

    Empty when it is none. It is another's address: an allow of it opens no door to the forwarder.
    """
    match = _SRS.match(address.rpartition("@")[0])
    return f"{match[2]}@{match[1]}" if match else ""


def is_text(value: str) -> bool:
    """Whether every database takes it: JSON may say characters that are none, and PostgreSQL takes no NUL."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def host_part(url: str) -> str:
    """The host of a canonical URL."""
    return url.partition("/")[0]


@lru_cache(maxsize=64)  # a guard asks again and again about the value in hand
def network_of(value: str) -> Network:
    """The network of a canonical IP value; a single address is a network of one."""
    return ipaddress.ip_network(value)


def _address(value: str) -> str:
    if value in {"", "<>"}:
        raise Reject("the null sender cannot be listed, bounces come from it: name an address")
    found = parse_address(value.lower())
    if not found.address:
        raise Reject("this is no mail address: write NAME@DOMAIN")
    return found.address


def _domain(value: str) -> str:
    host = ascii_host(value.removeprefix("@").removeprefix("*."))
    if not host or is_address(host):
        raise Reject("this is no domain: write it as in a mail address behind the @; its subdomains are covered")
    return host


def _url(value: str) -> str:
    found = canonical_url(value)
    if not found:
        raise Reject("this is no web URL: write http://HOST/PATH, or HOST alone for everything on it")
    place, _, rest = found.partition("/")
    host = _PORT_AT_END.sub("", place)
    return f"{host}/{rest}" if rest or _WITH_PATH.match(value) else host


def _file(value: str) -> str:
    digest = value.lower()
    if not _SHA256.match(digest):
        raise Reject("this is no SHA-256: a file is listed by the 64 hex digits of its SHA-256")
    return digest


def _ip(value: str) -> str:
    network = _network(value)
    if not network:
        raise Reject("this is no IP address: write one such as 203.0.113.7, or a network such as 203.0.113.0/24")
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)


def _spoof(value: str) -> str:
    sender, comma, infrastructure = (part.strip() for part in value.lower().rpartition(","))
    if not comma or not sender or not infrastructure:
        raise Reject(
            "this is no pair: write SENDER, INFRASTRUCTURE, such as example.org, 203.0.113.0/24 or example.org, mailer.example"
        )
    if infrastructure == "*":
        raise Reject(
            f"through any infrastructure is what an entry of {sender} alone says: list that as an address or domain"
        )
    if sender != "*":
        sender = _address(sender) if "@" in sender.removeprefix("@") else _domain(sender)
    return f"{sender},{_infrastructure(infrastructure)}"


def _infrastructure(text: str) -> str:
    """The client of a pair: its name or one above it, its address, or its network."""
    if network := _network(text):
        if network.prefixlen in (network.max_prefixlen, PAIR_PREFIX[network.version]):
            return _ip(text)
        raise Reject("the infrastructure of a pair is one IP address, a /24 (IPv6: a /64), or a host name")
    host = ascii_host(text.removeprefix("*."))
    if "." not in host or is_address(host):
        raise Reject(
            "this is no infrastructure: give the name of the sending host or a domain above it, its IP address or /24"
        )
    return host


@lru_cache(maxsize=64)  # as above
def _network(text: str) -> Network | None:
    if "%" in text:  # a zone says nothing of a sender
        return None
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        start = int(network.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((start, network.prefixlen - 96))
    return network


_FORMS = {"address": _address, "domain": _domain, "url": _url, "file": _file, "ip": _ip, "spoof": _spoof}

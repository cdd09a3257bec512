"""Host names: lower-case A-labels (RFC 5890), dotted IPv4 however it was written, and the registrable domain."""

import ipaddress
import re
from functools import cache, lru_cache

import idna
from publicsuffixlist import PublicSuffixList

from shared.mail.limits import HOST_MAX

_ASCII = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*+\Z")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")


@lru_cache(maxsize=4096)  # the links of one mail share a few hosts
def ascii_host(host: str) -> str:
    """The host as a browser would ask for it (WHATWG URL Standard, host parsing); empty when no browser would.

    Upper case, full-width characters, soft hyphens and trailing dots are undone; numbers in decimal, octal or hex become
    a dotted IPv4 address; IPv6 stands in brackets, compressed.
    """
    if len(host) > HOST_MAX + 1:
        return ""
    name = host.lower().rstrip(".")
    if name.startswith("["):
        return _ipv6(name)
    if not name.isascii():
        name = _a_labels(name).rstrip(".")
    if len(name) > HOST_MAX or not _ASCII.match(name):
        return ""
    return _ipv4(name) if _NUMBER.match(name.rpartition(".")[2]) else name


def is_address(host: str) -> bool:
    """Whether a host of `ascii_host` is an IP address."""
    return host.startswith("[") or bool(_NUMBER.match(host.rpartition(".")[2]))


def registrable(domain: str) -> str:
    """The part that somebody registered, by the Public Suffix List: `a.example.co.uk` gives `example.co.uk`.

    Customers of shared hosts (`name.github.io`) count as registrants. An address and a bare public suffix are their own;
    what is no host name gives the empty string.
    """
    host = ascii_host(domain)
    if not host or is_address(host):
        return host
    return _suffixes().privatesuffix(host) or host


def is_public_suffix(host: str) -> bool:
    """Whether anybody registers names under it, by the Public Suffix List, those of shared hosts (`github.io`) with them."""
    return bool(_suffixes().is_public(host))


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # reads its file once, 80 ms


def _a_labels(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ".".join(map(_punycode, re.split("[.\u3002\uff0e\uff61]", name)))


def _punycode(label: str) -> str:
    """What registries outside IDNA 2008 sell, such as emoji names; the caller has bounded the length."""
    try:
        return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii").lower()
    except UnicodeError:
        return ""


def _ipv6(name: str) -> str:
    if not name.endswith("]"):
        return ""
    try:
        address = ipaddress.IPv6Address(name[1:-1])
    except ValueError:
        return ""
    return str(address.ipv4_mapped or f"[{address.compressed}]") if not address.scope_id else ""


def _ipv4(name: str) -> str:
    """WHATWG URL Standard, IPv4 parser: up to four numbers, the last one fills what is left."""
    parts = name.split(".")
    if len(parts) > 4 or not all(map(_NUMBER.match, parts)):
        return ""
    try:
        *head, last = [_number(part) for part in parts]
    except ValueError:
        return ""
    if any(part > 255 for part in head) or last >= 256 ** (4 - len(head)):
        return ""
    value = last + sum(part << (8 * (3 - place)) for place, part in enumerate(head))
    return str(ipaddress.IPv4Address(value))


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if len(text) > 1 and text.startswith("0") else 10)

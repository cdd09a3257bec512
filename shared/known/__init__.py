"""What everybody knows of the hosts of the world: whose they are, and which of them anybody may use.

Two files beside, kept by hand: `hosts.toml` and `brands.toml`.
"""

import re
import tomllib
from collections.abc import Collection
from importlib.resources import files
from typing import Any


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


_LISTS = {name: frozenset(map(str, words)) for name, words in _read("hosts.toml").items()}
SHORTENERS = _LISTS["shorteners"]
FREE_HOSTING = _LISTS["free_hosting"]
FREEMAIL = _LISTS["freemail"]
CHEAP_ENDINGS = _LISTS["cheap_endings"]
SHARED = _LISTS["shared"]
MAILERS = _LISTS["mailers"]

#: The brands that mails pose as: `brands` (registrable domains by name), `ambiguous` and `service` (see the file).
BRANDS = _read("brands.toml")

#: Local parts of the mailboxes that take reports: no enforcer looks at mail to them, for it holds what entries block.
REPORT_MAILBOXES = frozenset({"phish", "junk", "notjunk", "report"})

#: Every domain that is some brand's own.
BRAND_DOMAINS = frozenset(str(domain) for domains in BRANDS["brands"].values() for domain in domains)


def under(host: str, names: Collection[str]) -> str:
    """The name of the collection that a host is, or is under; the empty string when there is none."""
    labels = host.split(".")
    for start in range(max(0, len(labels) - 10), len(labels)):
        name = ".".join(labels[start:])
        if name in names:
            return name
    return ""


_PLATFORMS, _CUSTOMERS = SHARED | MAILERS, FREE_HOSTING | FREEMAIL
_MACHINE = re.compile(r"(no|not|dont|donot|do-not)[._-]?reply|notif|mailer|messages|invites?\b")


def speaks_for_many(address: str) -> bool:
    """Whether all customers of a platform send from this one address: each of them can make it say what they like."""
    local, _, domain = address.lower().rpartition("@")
    return bool(_MACHINE.search(local) and under(domain, _PLATFORMS) and not under(domain, _CUSTOMERS))


def carries(host: str, own: str) -> bool:
    """Whether a stranger's host has a whole domain in it, with dots or hyphens, as in `example-org.login.example`."""
    return f"-{own.replace('.', '-')}-" in f"-{host.replace('.', '-')}-"


def is_cheap(host: str) -> bool:
    """Whether a host has an ending under which names are bought by the thousand."""
    return bool(under(host, CHEAP_ENDINGS))

"""Hosts that anybody may use, read once from the file beside."""

import tomllib
from collections.abc import Collection
from importlib.resources import files


def _read() -> dict[str, frozenset[str]]:
    source = tomllib.loads(files(__package__).joinpath("hosts.toml").read_text(encoding="utf-8"))
    return {name: frozenset(map(str, words)) for name, words in source.items()}


_LISTS = _read()
SHORTENERS = _LISTS["shorteners"]
FREE_HOSTING = _LISTS["free_hosting"]
FREEMAIL = _LISTS["freemail"]
CHEAP_ENDINGS = _LISTS["cheap_endings"]
SHARED = _LISTS["shared"]


def under(host: str, names: Collection[str]) -> str:
    """The name of the collection that a host is, or is under; the empty string when there is none."""
    labels = host.split(".")
    for start in range(max(0, len(labels) - 10), len(labels)):
        name = ".".join(labels[start:])
        if name in names:
            return name
    return ""


def carries(host: str, own: str) -> bool:
    """Whether a stranger's host has a whole domain in it, with dots or hyphens, as in `example-org.login.example`."""
    return f"-{own.replace('.', '-')}-" in f"-{host.replace('.', '-')}-"


def is_cheap(host: str) -> bool:
    """Whether a host has an ending under which names are bought by the thousand."""
    return bool(under(host, CHEAP_ENDINGS))

"""The lists that signals look things up in, read once from the files beside."""

import tomllib
from collections.abc import Collection
from importlib.resources import files
from typing import Any


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _words(source: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, source[name])))


_hosts = _read("hosts.toml")
_phrases = _read("phrases.toml")
_brands = _read("brands.toml")["brands"]

SHORTENERS = frozenset(_words(_hosts, "shorteners"))
FREE_HOSTING = frozenset(_words(_hosts, "free_hosting"))
FREEMAIL = frozenset(_words(_hosts, "freemail"))
PHRASES = {name: _words(_phrases, name) for name in _phrases}
BRANDS: dict[str, frozenset[str]] = {name: frozenset(map(str, domains)) for name, domains in _brands.items()}


def under(host: str, names: Collection[str]) -> str:
    """The name of the collection that a host is, or is under; the empty string when there is none."""
    labels = host.split(".")
    for start in range(min(len(labels), 10)):
        name = ".".join(labels[start:])
        if name in names:
            return name
    return ""


def phrases(text: str, family: str) -> list[str]:
    """The phrases of a family that a text has, as whole words."""
    return [words for words in PHRASES[family] if stands_in(words, text)]


def phrase(text: str, family: str) -> str:
    """The first of them, or the empty string."""
    return next((words for words in PHRASES[family] if stands_in(words, text)), "")


def stands_in(words: str, text: str) -> bool:
    """Whether `words` stand in `text` by themselves, not inside longer words."""
    at = text.find(words)
    while at >= 0:
        end = at + len(words)
        if not (text[at - 1 : at].isalnum() and words[0].isalnum()) and not (
            text[end : end + 1].isalnum() and words[-1].isalnum()
        ):
            return True
        at = text.find(words, at + 1)
    return False

"""What answers say, in the languages that `words.toml` has."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_ALL: Mapping[str, Any] = tomllib.loads(
    files("services.triage.answers").joinpath("words.toml").read_text(encoding="utf-8")
)

#: Languages (ISO 639-1) that are there.
LANGUAGES: tuple[str, ...] = tuple(_ALL)


def words(language: str) -> Mapping[str, Any]:
    """The words of one language."""
    found: Mapping[str, Any] = _ALL[language]
    return found

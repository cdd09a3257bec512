"""What pages say, in the languages that `words/` has, and which of them a person reads."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import negotiate_locale
from babel.dates import format_datetime

_FALLBACK = "en"

#: How much of Accept-Language is looked at, in characters.
_ACCEPT_MAX = 200


def _load() -> dict[str, Mapping[str, Any]]:
    folder = files("services.portal").joinpath("words")
    found = {file.name.removesuffix(".toml"): file for file in folder.iterdir() if file.name.endswith(".toml")}
    return {name: tomllib.loads(found[name].read_text(encoding="utf-8")) for name in sorted(found)}


_ALL = _load()

#: Languages (RFC 5646) that are there.
LANGUAGES: tuple[str, ...] = tuple(_ALL)


def words(language: str) -> Mapping[str, Any]:
    """The words of one language."""
    return _ALL[language]


def names() -> dict[str, str]:
    """The languages by what they call themselves."""
    return {language: str(_ALL[language]["name"]) for language in LANGUAGES}


def language_of(preferred: str, accepted: str) -> str:
    """The language of a page: what the recipient chose, else what the browser asks for, else English.

    Args:
        preferred: a language tag, or empty.
        accepted: the header Accept-Language (RFC 9110, section 12.5.4); a weight of its words is not looked at, for
            browsers send them in order.
    """
    wanted = [preferred, *(word.partition(";")[0].strip() for word in accepted[:_ACCEPT_MAX].split(","))]
    return negotiate_locale([word for word in wanted if word], LANGUAGES, sep="-") or _FALLBACK


def when(moment: datetime, language: str, zone: ZoneInfo) -> str:
    """A moment for people, in their zone, with the zone's name where it is not told by the place."""
    return format_datetime(moment, "EEE d MMM y, HH:mm z", tzinfo=zone, locale=language)

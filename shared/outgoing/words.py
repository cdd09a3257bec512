"""What mails of ours say, in languages: one `words.toml` a service, the same keys in each of its languages."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale

#: Languages that are written from right to left.
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


class Words:
    """The words of one package's `words.toml`: a table for each language (ISO 639-1)."""

    def __init__(self, package: str) -> None:
        text = files(package).joinpath("words.toml").read_text(encoding="utf-8")
        self._all: Mapping[str, Any] = tomllib.loads(text)
        self.languages: tuple[str, ...] = tuple(self._all)

    def of(self, language: str) -> Mapping[str, Any]:
        """The words of one language.

        Raises:
            KeyError: there is no such language.
        """
        found: Mapping[str, Any] = self._all[language]
        return found


@cache
def locale(language: str) -> Locale:
    """What Babel knows of a language; English with the day before the month and 24 hours, as the pages have it."""
    return Locale.parse("en_GB" if language == "en" else language)


def direction(language: str) -> str:
    """`ltr` or `rtl`, as HTML's `dir` has it."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def counted(language: str, forms: Mapping[str, str], count: int, **values: str) -> str:
    """The form of a plural (CLDR: zero, one, two, few, many, other) that fits a count, with the count in it."""
    form = forms.get(locale(language).plural_form(count)) or forms["other"]
    return form.format(count=count, **values)

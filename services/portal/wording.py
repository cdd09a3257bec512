"""What pages say, in the languages that `words.toml` has, and which of them a person reads."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime

from shared.outgoing.words import Words

_WORDS = Words("services.portal")

#: Languages (ISO 639-1) that are there.
LANGUAGES = _WORDS.languages

words = _WORDS.of

#: How much of Accept-Language is looked at, in characters.
_ACCEPT_MAX = 200


def names() -> dict[str, str]:
    """The languages by what they call themselves."""
    return {language: str(Locale.parse(language).get_display_name(language)).capitalize() for language in LANGUAGES}


def language_of(preferred: str, accepted: str, fallback: str) -> str:
    """The language of a page: what the recipient chose, else what the browser asks for, else the organisation's.

    Args:
        preferred: a language tag, or empty.
        accepted: the header Accept-Language (RFC 9110, section 12.5.4); weights are not looked at, for browsers send
            its words in their order.
        fallback: one of `LANGUAGES`.
    """
    wanted = [preferred, *(word.partition(";")[0].strip() for word in accepted[:_ACCEPT_MAX].split(","))]
    known = (tag.partition("-")[0].lower() for tag in wanted)
    return next((language for language in known if language in LANGUAGES), fallback)


def when(moment: datetime, language: str, zone: ZoneInfo) -> str:
    """A moment for people, in their zone, which is named."""
    return format_datetime(moment, "EEE d MMM y, HH:mm z", tzinfo=zone, locale=language)

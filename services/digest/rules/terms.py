"""What a held mail is found by: its words in one form, the same for what is kept and what is looked for. Pure."""

import re
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

#: Words of one field that are kept, words of a search that are used, and characters of a word.
WORDS_MAX, ASKED_MAX, LENGTH_MAX = 60, 8, 40

#: A word; a sign of a script that is written without blanks (Thai, Lao, kana, Han) is one by itself.
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+")

#: Bits of a place that tell mails of one second apart.
_APART_BITS = 30

#: The last second that has a place: databases keep 63 bits.
_SECONDS_MAX = (2**63 - 1) >> _APART_BITS


def canonical(address: str) -> str:
    """An address as rows know it: the domain in lower case (RFC 5321, section 2.4), no brackets."""
    local, at, domain = address.strip().strip("<>").rpartition("@")
    return f"{local}{at}{domain.lower()}"[:320]


def words(text: str, limit: int = WORDS_MAX) -> tuple[str, ...]:
    """The distinct words of a text, without case, accents and compatibility forms, in their order."""
    plain = unicodedata.normalize("NFKD", text[:2000]).casefold()
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(dict.fromkeys(word[:LENGTH_MAX] for word in _WORD.findall(bare)))[:limit]


def words_of_all(texts: Iterable[str]) -> tuple[str, ...]:
    """The distinct words of several texts."""
    return tuple(dict.fromkeys(word for text in texts for word in words(text)))[:WORDS_MAX]


def place_of(*, held_at: datetime, held_id: str) -> int:
    """Where a mail stands among all: later ones higher, those of one second apart by their ids. Below 2**63 until 2242."""
    apart = int.from_bytes(sha256(held_id.encode()).digest()[:8]) >> (64 - _APART_BITS)
    return first_place(held_at) | apart


def first_place(at: datetime) -> int:
    """The lowest place of a moment; before 1970 and after 2242 there is none but the edge."""
    return min(max(int(at.timestamp()), 0), _SECONDS_MAX) << _APART_BITS


def cursor(place: int, recipient: str) -> str:
    """Where a page ends, as clients hand it back."""
    return urlsafe_b64encode(f"{place} {recipient}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[int, str]:
    """The same, read.

    Raises:
        ValueError: it is none of ours.
    """
    place, _, recipient = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
    if not 0 <= int(place) < 2**63:
        raise ValueError("this is no place")
    return int(place), recipient

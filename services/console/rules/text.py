"""A stranger's text made fit to be seen: every byte of a mail is an attacker's.

Escaping is the template's work. This is about what an escaped text can still do to a reader: change direction, hide
characters, pile up marks, imitate a host by another script, or be copied and opened.
"""

import json
import re
import unicodedata
from datetime import datetime
from urllib.parse import urlencode

import idna

from shared.plural import counted

#: Longest text shown, in characters: a line or two of a page.
SHOWN_MAX = 300

#: Combining marks in a row; natural languages need three (Vietnamese two), a pile hides its neighbours.
MARKS_MAX = 3

#: Letters by category, nothing by sight (Unicode Default_Ignorable_Code_Point and the blank braille pattern).
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

#: Holds the parts of an emoji together.
JOINER = "\u200d"

#: Units of a span of time, in seconds, the largest first.
UNITS_S = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

_SCHEME = re.compile(r"(?i)^(.{0,5}?)(https?)://")
_HOST = re.compile(r"(?i)[^\s.@/:?#]{1,63}(?:\.[^\s.@/:?#]{1,63}){0,9}\.(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_HOST_LENGTH_MAX = 253


def seen(value: object, longest: int = SHOWN_MAX) -> str:
    """One line, cut at `longest` characters, in which what nobody would see is named: `⟨U+202E⟩`.

    Controls and line ends are spaces. A character without a picture of its own (direction, zero width, private) is told by its
    number, a run of them once, except for the joiner inside an emoji.
    """
    whole = str(value)[: longest * 4]
    return _cut(
        " ".join(whole.split()) if whole.isascii() and whole.isprintable() else _named_one_by_one(whole), longest
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _named_one_by_one(whole: str) -> str:
    kept: list[str] = []
    marks, hidden = 0, ""
    for char in whole:
        category = unicodedata.category(char)
        if category in ("Cf", "Cs", "Co", "Cn") or char in INVISIBLE:
            if char == JOINER and kept and unicodedata.category(kept[-1][0]) == "So":
                kept.append(char)
            elif char != hidden:
                kept.append(f"⟨U+{ord(char):04X}⟩")
            hidden = char
            continue
        hidden = ""
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= MARKS_MAX:
            kept.append(char)
    return " ".join("".join(kept).split())


def defanged(value: object, longest: int = SHOWN_MAX) -> str:
    """`seen`, with every link, host and address in it written so that nothing opens it: `hxxps[:]//login[.]example`."""
    return " ".join(_defang_word(word) for word in seen(value, longest).split(" "))


def _defang_word(word: str) -> str:
    if "." not in word and "://" not in word:
        return word
    scheme, separator, rest = word.rpartition("://")
    if separator:
        scheme = re.sub(r"(?i)http(s?)\Z", r"hxxp\1", scheme) + "[:]//"
    cut = re.search(r"[/?#]", rest)
    authority, path = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    if separator or _HOST.search(authority) or _IPV4.search(authority):
        user, at, host = authority.rpartition("@")
        authority = user + at + _plain_host(host).replace(".", "[.]")
    return scheme + authority + path


def _plain_host(host: str) -> str:
    """A host in ASCII: letters of another script that imitate ours become visible (IDNA2008, RFC 5891)."""
    if host.isascii() or len(host) > _HOST_LENGTH_MAX:
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host


def sure(category: str, confidence: float) -> str:
    """How sure a verdict is, in whole percent; only certainty is 100. What says that it cannot tell is not sure of that."""
    return "" if category == "unknown" else f"{int(confidence * 100)} % sure"


def escaped(text: str) -> str:
    """A text for editing: what nobody would see is written as JSON writes it, and means the same there."""
    hidden = {char for char in set(text) if unicodedata.category(char) in ("Cf", "Cs", "Co", "Cn") or char in INVISIBLE}
    return text.translate({ord(char): json.dumps(char)[1:-1] for char in hidden})


def when(at: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def ago(at: datetime | None, now: datetime) -> str:
    """Where a moment is from now, in one unit: `3 min ago`, `in 2 h`."""
    if at is None:
        return ""
    return f"{apart(at, now)} ago" if at <= now else f"in {apart(at, now)}"


def apart(at: datetime, now: datetime) -> str:
    """How long a moment and now are apart, in the largest unit that fits, rounded: `3 min`, `30 d`."""
    seconds = abs((now - at).total_seconds())
    size, unit = next(((size, unit) for size, unit in UNITS_S if seconds >= size), UNITS_S[-1])
    return f"{round(seconds / size)} {unit}"


def size(n: int) -> str:
    """Bytes in the largest unit that fits: `9 bytes`, `4.3 kB`, `12 MB` (1 kB is 1,000 bytes)."""
    if n < 1_000:
        return counted(n, "byte")
    number, unit = (n / 1_000, "kB") if n < 999_500 else (n / 1_000_000, "MB")
    return f"{number:.{0 if number >= 9.95 else 1}f} {unit}"


def lines(value: object, most: int = 2_000) -> list[str]:
    """The lines of a longer text, each made fit to be seen."""
    return [defanged(line, 1_000) for line in str(value)[:200_000].splitlines()[:most]]


def query(**values: object) -> str:
    """What stands behind the `?` of a link; what is empty is left out."""
    return urlencode({name: str(value) for name, value in values.items() if value not in ("", None, 0, False)})

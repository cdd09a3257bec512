"""A stranger's text made fit to be seen: every byte of a mail is an attacker's.

Escaping is the template's work. This is about what an escaped text can still do to a reader: change direction, hide
characters, pile up marks, imitate a host by another script, or be copied and opened.
"""

import re
import unicodedata

import idna

#: Longest text shown, in characters: a line or two of a page.
SHOWN_MAX = 300

#: Combining marks in a row; natural languages need three (Vietnamese two), a pile hides its neighbours.
MARKS_MAX = 3

#: Letters by category, nothing by sight (Unicode Default_Ignorable_Code_Point and the blank braille pattern).
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

_SCHEME = re.compile(r"(?i)^(.{0,5}?)(https?)://")
_HOST = re.compile(r"(?i)[^\s.@/:?#]{1,63}(?:\.[^\s.@/:?#]{1,63}){0,9}\.(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_HOST_LENGTH_MAX = 253


def seen(value: object, longest: int = SHOWN_MAX) -> str:
    """One line without control, direction and format characters, cut at `longest` characters."""
    kept: list[str] = []
    marks = 0
    for char in str(value)[: longest * 4]:
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
            continue
        if category in ("Cf", "Cs", "Co", "Cn") or char in INVISIBLE:
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= MARKS_MAX:
            kept.append(char)
    text = " ".join("".join(kept).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def defanged(value: object, longest: int = SHOWN_MAX) -> str:
    """`seen`, with every link, host and address in it written so that nothing opens it: `hxxps[:]//login[.]example`."""
    return " ".join(_defang_word(word) for word in seen(value, longest).split(" "))


def _defang_word(word: str) -> str:
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


def percent(confidence: float) -> str:
    """How sure, in whole percent; only certainty is 100."""
    return f"{int(confidence * 100)} % sure"

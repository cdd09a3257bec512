"""What a stranger's text hides, made visible: direction marks, invisible characters, letters that look like others.

Unicode Technical Report 36 and Technical Standard 39 (restriction levels) describe the tricks.
"""

import re
import unicodedata
from functools import lru_cache

import idna

from shared.outgoing.text import SHOWN_MAX

#: Combining marks on one letter that a language may need; more only smear over the lines around.
MARKS_MAX = 4

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: Fillers that are letters or marks by their category, yet leave nothing to see.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

#: What joins letters of Arabic and Indic scripts, and emoji, where it stands between them.
_JOINERS = frozenset("\u200c\u200d")

_ADDRESS = re.compile(r"[^\s<>@\"'()]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+", re.IGNORECASE)

#: Scripts with letters that look like those of another of these; what else is mixed deceives nobody.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def reveal(value: str, limit: int = SHOWN_MAX) -> str:
    """One line in which what would be invisible, or turn what follows around, stands as its code: `[U+202E]`.

    No encoded word that a reader would open stays (CVE-2024-6923), and no more marks on a letter than any language needs.
    """
    value = value[: 4 * limit]
    line = " ".join((value if _is_plain(value) else _coded(value)).split()).replace("=?", "= ?")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _coded(value: str) -> str:
    shown: list[str] = []
    marks = 0
    for place, char in enumerate(value):
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if char in "\r\n\t":
            shown.append(" ")
        elif (category in _HIDDEN or char in _BLANK) and not _joins(value, place):
            shown.append(f"[U+{ord(char):04X}]")
        elif marks <= MARKS_MAX:
            shown.append(char)
    return _fewer("".join(shown))


def _is_plain(value: str) -> bool:
    """Whether there is nothing to look for, as in most text."""
    return value.isascii() and value.isprintable()


def hides(value: str) -> bool:
    """Whether a text has characters that nobody would see."""
    return not _is_plain(value) and any(
        (unicodedata.category(char) in _HIDDEN and char not in "\r\n\t") or char in _BLANK
        for place, char in enumerate(value)
        if not _joins(value, place)
    )


def mixes_scripts(value: str) -> bool:
    """Whether one word of a text has letters of several scripts that look alike: a Cyrillic letter in a Latin name."""
    return not value.isascii() and any(_mixed(word) for word in re.findall(r"\w+", value[:1000]))


def names_other_address(name: str, address: str) -> bool:
    """Whether a display name shows an address, and it is not the one that the mail is from."""
    return "@" in name and any(found.lower() != address.lower() for found in _ADDRESS.findall(name[:1000]))


def tricks(*, name: str, address: str, subject: str) -> dict[str, str]:
    """What a sender does to mislead, by the words for it, with what they are filled in with.

    `hidden` characters, a domain that is a `lookalike` (with how it reads), letters of several `scripts`, and a name that shows
    another `address`.
    """
    read = as_read(address.rpartition("@")[2])
    found = {
        "hidden": hides(name) or hides(subject) or hides(address),
        "lookalike": bool(read),
        "scripts": mixes_scripts(name) or mixes_scripts(read),
        "address": names_other_address(name, address),
    }
    return {word: read if word == "lookalike" else "" for word, is_so in found.items() if is_so}


@lru_cache(maxsize=4096)
def as_read(domain: str) -> str:
    """What a domain with A-labels (RFC 5890) looks like where they are shown as letters; empty when it has none."""
    if "xn--" not in domain or len(domain) > 255:
        return ""
    labels = [_letters(label) for label in domain.lower().split(".")]
    return reveal(".".join(labels))


def _letters(label: str) -> str:
    try:
        return str(idna.decode(label)) if label.startswith("xn--") else label
    except (idna.IDNAError, UnicodeError):
        return label


def _joins(value: str, place: int) -> bool:
    """Whether a joiner stands between letters or signs that it joins."""
    if value[place] not in _JOINERS or not 0 < place < len(value) - 1:
        return False
    around = (value[place - 1], value[place + 1])
    return all(not char.isascii() and unicodedata.category(char) in ("Lo", "Mn", "Mc", "So", "Sk") for char in around)


def _fewer(text: str) -> str:
    """The same code many times in a row is told with its number."""
    return re.sub(r"(\[U\+[0-9A-F]{4,6}\])\1+", lambda run: f"{run[1][:-1]} \u00d7{len(run[0]) // len(run[1])}]", text)


def _mixed(word: str) -> bool:
    return not word.isascii() and len({_script(char) for char in word if char.isalpha()} & _ALIKE) > 1


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    """The script of a letter, as its name begins; the standard library has no better table."""
    return unicodedata.name(char, "?").partition(" ")[0].replace("FULLWIDTH", "LATIN")

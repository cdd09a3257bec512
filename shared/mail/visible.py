"""Characters that nobody sees, made visible where they mislead. Pure.

A right-to-left override turns `gpj.exe` into `exe.jpg`; a zero-width space hides a word from a filter. Such a character is
shown as its code point in brackets. Joiners that scripts and emoji need stay, and padding between words is left out.
"""

import unicodedata
from typing import NamedTuple

#: Embeddings, overrides and isolates (Unicode Standard Annex 9, section 2): they reorder what is read.
_REORDER = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

#: Needed inside words of many scripts and in emoji.
_JOINERS = frozenset("\u200c\u200d")

#: Blank though no space: letters without a shape, the Braille blank, the grapheme joiner.
_BLANK = frozenset("\u3164\u115f\u1160\uffa0\u2800\u034f\u17b4\u17b5\u180e")

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: Most marks in one text; a text with more says so and loses the rest.
MARKS_MAX = 200


class Piece(NamedTuple):
    """Text as it may be shown, or the mark of something that is not seen."""

    text: str
    is_mark: bool


def pieces(text: str, *, one_line: bool = False, limit: int = 1_000_000) -> list[Piece]:
    """Text in pieces, at most `limit` characters of it; with `one_line` every space is one blank."""
    text = " ".join(text.split()) if one_line else text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    found: list[Piece] = []
    plain: list[str] = []
    marks = 0
    for index, char in enumerate(text):
        shown = _shown(text, index, char)
        if len(shown) <= 1:
            plain.append(shown)
        elif marks < MARKS_MAX:
            found += [Piece("".join(plain), is_mark=False), Piece(shown, is_mark=True)]
            plain, marks = [], marks + 1
    found.append(Piece("".join(plain), is_mark=False))
    return [piece for piece in found if piece.text]


def plain(text: str, limit: int = 200) -> str:
    """One line of text with its marks, for places that know no markup."""
    return "".join(piece.text for piece in pieces(text, one_line=True, limit=limit))


def _shown(text: str, index: int, char: str) -> str:
    """What stands for a character: itself, nothing, or its mark."""
    if char.isascii() and (char.isprintable() or char in "\n\t"):
        return char
    if char in _REORDER:
        return f"[U+{ord(char):04X}]"
    if unicodedata.category(char) not in _HIDDEN and char not in _BLANK:
        return char
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if not (_is_inside(before) and _is_inside(after)):
        return ""
    if char in _JOINERS and not (_is_european(before) and _is_european(after)):
        return char
    return f"[U+{ord(char):04X}]"


def _is_inside(char: str) -> bool:
    return bool(char) and not char.isspace() and char not in _BLANK


def _is_european(char: str) -> bool:
    """Whether a letter is of a script that needs no joiners: Latin, Greek, Cyrillic, and digits and signs of ASCII."""
    return char < "\u0530" or "\u1e00" <= char <= "\u1fff"

"""Text in the form that words are compared in: no case, accents, ligatures, styled letters or invisible characters.

Mails that hide from filters write accents on every letter, zero-width spaces inside words, or mathematical letters;
people read the same word.
"""

import html
import re
import unicodedata

#: Characters folded at once: the library orders runs of combining marks in quadratic time.
PIECE = 500

#: Format characters that nobody sees: soft hyphen, joiners, directions, invisible operators, variation selectors.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]+"
)

_SPACES = re.compile(r"\s+")
_MARKS = re.compile("[\u0300-\u036f]+")
_PUNCTUATION = str.maketrans("\u2019\u2018\u02bc\u201c\u201d\u2011\u2013\u2014", "'''\"\"---")

#: Small capitals, which are letters of their own and fold to nothing else; phishers write whole lines in them.
_SMALL_CAPITALS = str.maketrans(
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
    "abcdefghijklmnoprstuvwyz",
)

#: Letters with a stroke, which have no accent to take away.
_STROKES = str.maketrans("\u00f8\u0111\u0142\u0127\u0167\u00d8\u0110\u0141\u0126\u0166", "odlhtodlht")

#: Letters of other alphabets and digits that stand for a Latin letter, as phishers use them (Unicode TR 39 has thousands).
_TWINS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u04cf\u043a\u043c\u0442\u0432\u043d\u03bf\u03b1\u03bd\u03c1\u03c4\u03ba\u03bc\u03b2\u03b5\u03b9\u03c5\u03c7\u03b6\u0131013457|!i",
    "aeopcxyljsdlkmtbhoavptkmbelyxzloleastlll",
)


def folded(text: str) -> str:
    """One line of text to look for words in. Plain text may carry the numeric references of HTML, to hide it from filters."""
    if "&#" in text or "&nbsp;" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = INVISIBLE.sub("", text)
        pieces = (text[at : at + PIECE] for at in range(0, len(text), PIECE))
        text = _MARKS.sub("", "".join(unicodedata.normalize("NFKD", piece) for piece in pieces)).translate(_PUNCTUATION)
        text = text.translate(_SMALL_CAPITALS).translate(_STROKES)
    return _SPACES.sub(" ", text).lower()


#: Letters of an alphabet that nobody mixes with Latin ones in a word; letters pulled apart by points or dashes.
_FOREIGN = re.compile("[\u0370-\u058f]")
_READ_AS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u04cf\u043a\u043c\u0442\u0432\u043d\u03bf\u03b1\u03bd\u03c1\u03c4\u03ba\u03b9\u0578\u057d\u0581\u0570\u0585\u0561",
    "aeopcxyijsdlkmtbhoavptkinughoa",
)
_WORD = re.compile(r"[^\W\d_]+")
PULLED_APART = re.compile(r"(?<!\w)(?:\w[.*_\u00b7-]){4,40}\w(?!\w)")
_BETWEEN = re.compile(r"[.*_\u00b7-]")


def plain(text: str) -> str:
    """Folded text as a reader takes it: words of mixed alphabets in Latin letters, words pulled apart put together again."""
    if _FOREIGN.search(text):
        text = _WORD.sub(lambda match: _in_latin(match[0]), text)
    return PULLED_APART.sub(lambda match: _BETWEEN.sub("", match[0]), text)


def _in_latin(word: str) -> str:
    mixed = _FOREIGN.search(word) and any("a" <= char <= "z" for char in word)
    return word.translate(_READ_AS) if mixed else word


def skeleton(text: str) -> str:
    """Folded text with characters that look alike made one: `paypaI`, `rnicrosoft` and `micr0soft` read as meant."""
    return folded(text).translate(_TWINS).replace("rn", "m").replace("vv", "w")

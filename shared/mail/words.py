"""Header bytes to readable text: unfolding is done, what is left are bytes above 127 and encoded words (RFC 2047)."""

import binascii
import re
import unicodedata
from collections.abc import Iterator

from shared.mail.charsets import decode
from shared.mail.defects import Defects
from shared.mail.limits import NORMAL_PIECE
from shared.mail.transfer import undo

# Each class ends at the next question mark, so no sign is looked at from two beginnings: linear on any input. Spaces
# inside the text are broken but common. Longer words than RFC 2047 allows (75) are broken too, and every client reads
# them: a phisher's subject in one word of any length must not stay unread here.
_WORD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?\r\n]*)\?=")
# Control characters, lone surrogates (UTF-7 can make them) and the separators that end lines elsewhere.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile("[ \t\n\u2028\u2029]+")
_LINE_ENDS = ("\r\r\n", "\r\n", "\r", "\u2028", "\u2029")


def normal(text: str) -> str:
    """NFC, piece by piece: the library's work is quadratic in runs of combining marks (30 s for 160,000 of them)."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    pieces = (text[at : at + NORMAL_PIECE] for at in range(0, len(text), NORMAL_PIECE))
    return "".join(unicodedata.normalize("NFC", piece) for piece in pieces)


def one_line(text: str, limit: int) -> str:
    """Text for one line: no control characters, spaces squeezed, NFC, at most `limit` characters."""
    if not text.isprintable() or "  " in text:
        text = _UNWANTED.sub("", _SPACES.sub(" ", text))
    return normal(text.strip()[:limit])[:limit]


def many_lines(text: str, limit: int) -> str:
    r"""Text of a body: every line end is `\n`, other control characters are dropped, NFC, at most `limit` characters."""
    text = text[:limit]
    for line_end in _LINE_ENDS:
        text = text.replace(line_end, "\n")
    # The built-in test is ten times faster than the expression, which few bodies need.
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = _UNWANTED.sub("", text)
    return normal(text)[:limit]


def decode_words(value: str) -> str:
    """The value with its encoded words decoded; what cannot be decoded stays as it is.

    Lenient where senders are careless: words may touch each other and other text, and neighbouring words of one charset
    are joined before decoding because some senders split characters between them.
    """
    if "=?" not in value:
        return value
    return "".join(_pieces(value))


def _pieces(value: str) -> Iterator[str]:
    charset, data, end = "", b"", 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        content = _word_bytes(match[2], match[3])
        if data and (between.strip() or match[1].lower() != charset):
            yield decode(data, charset)[0]
            data = b""
        if between.strip() or not end:
            yield between
        charset, data, end = match[1].lower(), data + content, match.end()
    if data:
        yield decode(data, charset)[0]
    yield value[end:]


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    return undo(raw, "base64", Defects())

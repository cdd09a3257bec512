"""The RTF bodies of Outlook: unpacked (MS-OXRTFCP), and the HTML or text that was wrapped into them (MS-OXRTFEX)."""

import re
import struct

from shared.mail import limits
from shared.mail.charsets import decode

_HEAD = struct.Struct("<IIII")  # compressed size, raw size, kind, CRC
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
#: What the window holds before the first byte (MS-OXRTFCP, section 2.1.2.1).
_BEFORE = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)

#: RTF that is read, in bytes: markup is several times the text.
RTF_MAX_BYTES = 2 * limits.HTML_MAX

_TOKEN = re.compile(
    rb"\\(?P<word>[a-z]{1,32})(?P<value>-?[0-9]{1,9})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-z])|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)
_NO_TEXT = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"generator"}
)
_SIGNS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022", b"endash": "\u2013", b"emdash": "\u2014"}  # fmt: skip
_DEPTH_MAX = 500


def unpack(data: bytes) -> bytes:
    """The RTF of a compressed one; as much as can be read."""
    if len(data) < _HEAD.size:
        return b""
    _, raw_size, kind, _ = _HEAD.unpack_from(data)
    if kind == _PLAIN:
        return data[_HEAD.size : _HEAD.size + min(raw_size, RTF_MAX_BYTES)]
    if kind != _COMPRESSED:
        return b""
    out = bytearray(_BEFORE)
    most = min(raw_size, RTF_MAX_BYTES) + len(_BEFORE)
    at = _HEAD.size
    while at < len(data) and len(out) < most:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data) or len(out) >= most:
                break
            if not control >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            reference = int.from_bytes(data[at : at + 2], "big")
            at += 2
            back = (len(out) - (reference >> 4)) % _WINDOW
            if not back:  # the end is said by a reference to the place where the next byte is written
                return bytes(out[len(_BEFORE) :])
            for _ in range((reference & 15) + 2):
                out.append(out[-back] if back <= len(out) else 0x20)
    return bytes(out[len(_BEFORE) : most])


def text_of(rtf: bytes, charset: str) -> tuple[str, bool]:
    """The HTML or text in an RTF body, and whether it is HTML."""
    html = b"\\fromhtml" in rtf[:1000]
    return _Walk(charset).over(rtf[:RTF_MAX_BYTES]), html


class _Walk:
    """Goes over the tokens once; a group inherits what holds around it."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._out: list[str] = []
        self._bytes = bytearray()  # of one run of \'hh: several of them may be one character
        self._silent = False  # in a group that is not text
        self._wrapped = False  # \htmlrtf: for readers of RTF only
        self._star = False
        self._skip = 0  # characters behind \u that stand for it

    def over(self, rtf: bytes) -> str:
        stack: list[tuple[bool, bool]] = []
        for token in _TOKEN.finditer(rtf):
            if token["hex"]:
                self._hex(int(token["hex"], 16))
                continue
            self._flush()
            if token["brace"] == b"{":
                if len(stack) >= _DEPTH_MAX:
                    break
                stack.append((self._silent, self._wrapped))
                self._star = False
            elif token["brace"]:
                if stack:
                    self._silent, self._wrapped = stack.pop()
            elif token["word"]:
                self._word(token["word"], token["value"])
            elif token["sign"]:
                self._sign(token["sign"])
            elif token["text"]:
                self._say(token["text"].decode("latin-1"))
        self._flush()
        return "".join(self._out)

    def _word(self, word: bytes, value: bytes | None) -> None:
        if word == b"htmlrtf":
            self._wrapped = value != b"0"
        elif word == b"htmltag":
            self._silent = False
        elif self._star or word in _NO_TEXT:
            self._silent = True
        elif word == b"u" and value:
            self._say(chr(int(value) % 0x10000), counted=False)
            self._skip = 1
        elif word in _SIGNS:
            self._say(_SIGNS[word], counted=False)
        self._star = False

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._star = True
        elif sign == b"~":
            self._say("\xa0")
        elif sign in b"\\{}":
            self._say(sign.decode())

    def _hex(self, value: int) -> None:
        if self._skip:
            self._skip -= 1
        elif not (self._silent or self._wrapped):
            self._bytes.append(value)

    def _flush(self) -> None:
        if self._bytes:
            self._out.append(decode(bytes(self._bytes), self._charset)[0])
            self._bytes.clear()

    def _say(self, text: str, *, counted: bool = True) -> None:
        if counted and self._skip:
            text, self._skip = text[self._skip :], max(0, self._skip - len(text))
        if not (self._silent or self._wrapped):
            self._out.append(text)

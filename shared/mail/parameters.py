"""Values of Content-Type and Content-Disposition (RFC 2045, section 5.1; RFC 2183) with RFC 2231 parameters."""

import re
from urllib.parse import unquote_to_bytes

from shared.mail import limits
from shared.mail.charsets import decode
from shared.mail.words import decode_words, one_line

# Each alternative starts with another character and consumes without giving back, and only the first of several spaces is a
# beginning: linear. A forgotten `;` is tolerated.
_PARAMETER = re.compile(
    r'(?:;|(?<![;\s])\s)\s*+([^\s=;"]{1,60}+)\s*+=\s*+(?:"((?:[^"\\]++|\\.)*+)"?|([^;]*+))', re.DOTALL
)
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,2}))?(\*)?\Z")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}\Z")


def main_value(value: str) -> str:
    """What stands before the first parameter, in lower case."""
    return value.partition(";")[0].strip().lower()


def media_type(value: str, default: str) -> str:
    """`type/subtype` in lower case; `default` when there is none; `text/plain` when it is broken (RFC 2045, 5.2)."""
    words = main_value(value).split()
    if not words:
        return default
    return words[0] if _TYPE.match(words[0]) else "text/plain"


def parameters(value: str) -> dict[str, str]:
    """The parameters by lower-case name, continuations joined, decoded; the first of a name counts."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for number, match in enumerate(_PARAMETER.finditer(value)):
        if number == limits.PARAMETERS_MAX:
            break
        text = match[3].strip() if match[2] is None else match[2]
        text = text[: limits.PARAMETER_TEXT_MAX]
        if match[2] is not None:
            text = _unquoted(text)
        name = _CONTINUED.match(match[1].lower())
        if name and (name[2] or name[3]):
            pieces.setdefault(name[1], {}).setdefault(int(name[2] or 0), (text, bool(name[3])))
        else:
            plain.setdefault(match[1].lower(), one_line(decode_words(text), limits.PARAMETER_VALUE_MAX))
    return plain | {name: one_line(_joined(parts), limits.PARAMETER_VALUE_MAX) for name, parts in pieces.items()}


def _unquoted(text: str) -> str:
    """Quoted pairs (RFC 5322, 3.2.1) of a quote or a backslash; other backslashes are those of Windows paths."""
    return "\\".join(piece.replace('\\"', '"') for piece in text.split("\\\\"))


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231, sections 3 and 4: sections in order of their number; the first names the charset of the encoded ones."""
    charset, data = "", b""
    for number in sorted(parts):
        text, encoded = parts[number]
        if encoded and not data and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(data, charset)[0]

"""Header blocks to fields (RFC 5322, section 2.2), as lenient as mail clients are and never slower than linear."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shared.mail import limits
from shared.mail.defects import Defects

_BLANK_LINE = re.compile(rb"\n\r{0,2}\n")
_FIELD = re.compile(rb"([!-9;-~]{1,%d})[ \t]*:(?!//)" % limits.FIELD_NAME_MAX)  # a URL is no field
_MBOX = (b"From ", b">From ")


class Field(NamedTuple):
    """One header field: `name` in lower case, `value` unfolded but with its encoded words as they are."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """The fields of one header block and the offset at which the body begins."""

    fields: tuple[Field, ...]
    body_start: int

    def first(self, name: str) -> str:
        """The value of the first field of that (lower-case) name, or the empty string."""
        for field in self.fields:
            if field.name == name:
                return field.value
        return ""


def read_block(  # noqa: PLR0913 - a range and its two limits
    view: bytes, start: int, end: int, *, max_bytes: int, max_lines: int = limits.HEADER_LINES_MAX, defects: Defects
) -> Block:
    r"""The header block at `start`; lines of `view` end in `\n`, `\r\n` or `\r\r\n`.

    A line that is no field is skipped when fields follow it, because mail clients do so; otherwise, and when it looks like
    a delimiter, the body begins there.
    """
    if view.startswith((b"\n", b"\r\n", b"\r\r\n"), start, end):
        return Block((), view.index(b"\n", start) + 1)
    most = min(end, start + max_bytes)
    blank = _BLANK_LINE.search(view, start, most)
    lines = view[start : blank.start() + 1 if blank else most].split(b"\n", max_lines)
    if len(lines) > max_lines:
        defects.add("too-many-headers")
        del lines[max_lines:]
    kept = _header_lines(lines, defects)
    if not blank and most < end and kept >= len(lines) - 1:
        defects.add("header-block-too-long")
    if kept < len(lines):
        body_start = start + sum(len(line) + 1 for line in lines[:kept])
    else:  # only what is all header is followed beyond the limit: multiparts in each other must not each search all of it
        blank = blank or _BLANK_LINE.search(view, max(start, most - 3), end)
        body_start = blank.end() if blank else end
    return Block(tuple(_fields(lines[:kept], defects)), body_start)


def _header_lines(lines: list[bytes], defects: Defects) -> int:
    """How many lines belong to the header: all, or those before the first line of a body without a blank line."""
    for number, line in enumerate(lines):
        if line[:1] in {b" ", b"\t", b"\r", b""} or _FIELD.match(line):
            continue
        if number == 0 and line.startswith(_MBOX):
            defects.add("mbox-line")
        elif not line.startswith(b"--") and number + 1 < len(lines) and _FIELD.match(lines[number + 1]):
            defects.add("bad-header-line")
        else:
            defects.add("no-blank-line")
            return number
    return len(lines)


def _fields(lines: list[bytes], defects: Defects) -> Iterator[Field]:
    count, name, parts, size = 0, b"", [b""], 0
    for line in (*lines, b"end:"):
        if line[:1] in {b" ", b"\t"}:
            if size <= limits.FIELD_VALUE_MAX:
                parts.append(line.rstrip(b"\r"))
                size += len(line)
            continue
        found = _FIELD.match(line)
        if not found:
            continue
        if name:
            yield _field(name, b"".join(parts), defects)
            count += 1
            if count == limits.HEADER_FIELDS_MAX:
                defects.add("too-many-headers")
                return
        name, parts = found[1], [line[found.end() :].rstrip(b"\r")]
        size = len(parts[0])


def _field(name: bytes, raw: bytes, defects: Defects) -> Field:
    if len(raw) > limits.FIELD_VALUE_MAX:
        defects.add("header-too-long")
    if not raw.isascii():
        defects.add("raw-8bit-header")
    return Field(name.decode("ascii").lower(), _text(raw)[: limits.FIELD_VALUE_MAX].strip())


def _text(raw: bytes) -> str:
    """RFC 6532 says UTF-8; what is none is taken for Windows-1252, as mail clients do."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")

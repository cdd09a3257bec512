"""The names inside a ZIP file, without unpacking anything (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).

The `zipfile` module reads every entry before it can be asked for the first, 0.5 s for 60,000 of them.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.words import one_line

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL_MARK = b"PK\x03\x04"
_LOCAL = re.compile(rb"PK\x03\x04..(..).{18}(..)(..)", re.DOTALL)  # flags, sizes of the name and of what follows it
_END_MAX_BYTES = _END.size + 65_535  # the end record and the longest comment behind it
_MACROS = re.compile(r"(?i)(?:\A|/)vbaproject\.bin\Z|\Axl/macrosheets/")
_UTF8 = 0x800
_DEFLATED = 8


@dataclass(frozen=True, slots=True)
class Listing:
    """Names in order, and whether any member needs a password."""

    members: tuple[str, ...]
    encrypted: bool


def list_zip(data: bytes, defects: Defects) -> Listing:
    """At most `limits.ARCHIVE_MEMBERS_MAX` members; where the directory is broken, those whose own headers are found."""
    found = list(_directory(data)) or list(_local_headers(data, defects))
    if len(found) > limits.ARCHIVE_MEMBERS_MAX:
        defects.add("too-many-members")
    kept = found[: limits.ARCHIVE_MEMBERS_MAX]
    return Listing(tuple(name for name, _ in kept), encrypted=any(flags & 1 for _, flags in kept))


def members_like(data: bytes, wanted: re.Pattern[str]) -> Iterator[bytes]:
    """The contents of members whose names match, unpacked within `limits`: a document has a handful of them, all small."""
    left = limits.UNPACKED_MAX_BYTES
    for number, match in enumerate(_LOCAL.finditer(data)):
        if number > limits.ARCHIVE_MEMBERS_MAX or left <= 0:
            return
        flags, name_size, extra_size = (int.from_bytes(match[group], "little") for group in (1, 2, 3))
        start = match.end() + name_size
        if not wanted.search(_name(data[match.end() : start], flags)):
            continue
        method = int.from_bytes(data[match.start() + 8 : match.start() + 10], "little")
        packed = data[start + extra_size : start + extra_size + limits.UNPACKED_MAX_BYTES]
        content = _unpacked(packed, method, min(left, limits.MEMBER_MAX_BYTES))
        left -= len(content)
        yield content


def _unpacked(packed: bytes, method: int, most: int) -> bytes:
    if method != _DEFLATED:
        return packed[:most].partition(_LOCAL_MARK)[0]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most)
    except zlib.error:
        return b""


def zip_type(members: tuple[str, ...]) -> str:
    """`ooxml` for Office documents (ECMA-376, part 2), `ooxml-macro` when they carry programs, else `zip`.

    Programs are VBA projects, and the sheets of Excel's older macros.
    """
    if "[Content_Types].xml" not in members:
        return "zip"
    return "ooxml-macro" if any(map(_MACROS.search, members)) else "ooxml"


def _directory(data: bytes) -> Iterator[tuple[str, int]]:
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END_MAX_BYTES))
    if end < 0 or end + _END.size > len(data):
        return
    at = max(0, end - _END.unpack_from(data, end)[5])
    for _ in range(limits.ARCHIVE_MEMBERS_MAX + 1):
        if not data.startswith(b"PK\x01\x02", at) or at + _ENTRY.size > end:
            return
        entry = _ENTRY.unpack_from(data, at)
        flags, name_size, extra_size, comment_size = entry[3], entry[10], entry[11], entry[12]
        at += _ENTRY.size
        yield _name(data[at : at + name_size], flags), flags
        at += name_size + extra_size + comment_size


def _local_headers(data: bytes, defects: Defects) -> Iterator[tuple[str, int]]:
    defects.add("bad-zip")
    for number, match in enumerate(_LOCAL.finditer(data)):
        if number > limits.ARCHIVE_MEMBERS_MAX:
            return
        flags, name_size = int.from_bytes(match[1], "little"), int.from_bytes(match[2], "little")
        name = data[match.end() : match.end() + min(name_size, 4 * limits.MEMBER_NAME_MAX)]
        yield _name(name.partition(_LOCAL_MARK)[0], flags), flags  # no byte is read for two names


def _name(raw: bytes, flags: int) -> str:
    text = raw[: 4 * limits.MEMBER_NAME_MAX].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    return one_line(text, limits.MEMBER_NAME_MAX)

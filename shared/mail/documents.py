"""The links in PDF and Office files, where they are cheap to have: nothing is rendered, and little is unpacked."""

import re
import zlib
from collections.abc import Iterator
from html import unescape

from shared.mail import limits
from shared.mail.zips import members_like

_URI = re.compile(rb"/URI\s{0,5}\(((?:[^()\\\r\n]|\\.){1,2048})\)|/URI\s{0,5}<([0-9A-Fa-f\s]{2,4096})>")
_STREAM = re.compile(rb"stream\r?\n")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_EXTERNAL = re.compile(
    r'Target="([^"]{1,2048})"[^>]{0,500}?TargetMode="External"|TargetMode="External"[^>]{0,500}?Target="([^"]{1,2048})"'
)
_RELATIONS = re.compile(r"\.rels\Z")


def links_in_pdf(data: bytes) -> Iterator[str]:
    """The targets of `URI` actions (ISO 32000-1, section 12.6.4.7), also of those in compressed objects."""
    yield from _uris(data)
    left = limits.UNPACKED_MAX_BYTES
    for number, match in enumerate(_STREAM.finditer(data)):
        if number >= limits.PDF_STREAMS_MAX or left <= 0:
            return
        if data[match.end() : match.end() + 1] not in {b"\x78", b"\x58", b"\x48", b"\x68"}:  # zlib's first byte
            continue
        try:
            found = zlib.decompressobj().decompress(
                data[match.end() : match.end() + left], min(left, limits.PDF_STREAM_MAX_BYTES)
            )
        except zlib.error:
            continue
        left -= len(found)
        yield from _uris(found)


def links_in_office(data: bytes) -> Iterator[str]:
    """The external targets of the relations of an Office document (ECMA-376, part 2, section 9.3)."""
    for content in members_like(data, _RELATIONS):
        for match in _EXTERNAL.finditer(content.decode("utf-8", "replace")):
            yield unescape(match[1] or match[2])


def _uris(data: bytes) -> Iterator[str]:
    for match in _URI.finditer(data):
        if match[1]:
            yield _ESCAPE.sub(rb"\1", match[1]).decode("latin-1")
        else:
            digits = b"".join(match[2].split())
            yield bytes.fromhex(digits[: len(digits) & ~1].decode()).decode("latin-1")

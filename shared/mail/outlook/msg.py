"""Outlook's `.msg` files (MS-OXMSG): a compound file with a storage for each recipient and attachment."""

import io
import struct
from collections.abc import Iterator

import olefile

from shared.mail.outlook.properties import (
    ATTACH_DATA,
    ATTACHMENTS_MAX,
    BINARY,
    DEPTH_MAX,
    INTEGER,
    OBJECT,
    PROPERTIES_MAX,
    STRING8,
    TIME,
    UNICODE,
    Item,
    attachment_of,
)

_PROPERTIES = "__properties_version1.0"
_STREAM = "__substg1.0_"
_ENTRY = struct.Struct("<HHI8s")  # type, id, flags, value (MS-OXMSG, section 2.4.2)
_HEADERS = (32, 24, 8)  # of the property stream: of the file, of an attached item, of an attachment

#: What `olefile` raises on bytes that nobody foresaw.
_FAILURES = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, struct.error)


def read_msg(raw: bytes) -> Item | None:
    """The item in a `.msg` file; None when it is none or cannot be read."""
    try:
        with olefile.OleFileIO(io.BytesIO(raw)) as ole:
            if not ole.exists(_PROPERTIES):
                return None
            return _Reader(ole, len(raw)).item((), 0)
    except _FAILURES:
        return None


class _Reader:
    """Reads storages; what all streams together give is bounded by the size of the file."""

    def __init__(self, ole: olefile.OleFileIO, size_bytes: int) -> None:
        self._ole = ole
        self._left_bytes = 2 * size_bytes
        self._entries: dict[tuple[str, ...], list[str]] = {}
        for path in ole.listdir(streams=True, storages=True):
            self._entries.setdefault(tuple(path[:-1]), []).append(path[-1])

    def item(self, at: tuple[str, ...], depth: int) -> Item:
        item = Item(self._values(at, _HEADERS[min(depth, 1)]))
        names = [name for name in self._entries.get(at, ()) if name.startswith("__attach_version1.0_")]
        for name in sorted(names)[:ATTACHMENTS_MAX]:
            place = (*at, name)
            inner = (*place, f"{_STREAM}{ATTACH_DATA:04X}{OBJECT:04X}")
            is_item = depth < DEPTH_MAX and _PROPERTIES in self._entries.get(inner, ())
            attached = self.item(inner, depth + 1) if is_item else None
            item.attachments.append(attachment_of(Item({**item.values, **self._values(place, _HEADERS[2])}), attached))
        return item

    def _values(self, at: tuple[str, ...], header_size: int) -> dict[int, object]:
        values = dict(self._fixed(at, header_size))
        streams = [name for name in self._entries.get(at, ()) if name.startswith(_STREAM)]
        for name in streams[:PROPERTIES_MAX]:
            number, kind = _tag(name)
            if kind in {STRING8, BINARY}:
                values[number] = self._read((*at, name))
            elif kind == UNICODE:
                values[number] = self._read((*at, name)).decode("utf-16-le", "replace")
        return values

    def _fixed(self, at: tuple[str, ...], header_size: int) -> Iterator[tuple[int, object]]:
        if _PROPERTIES not in self._entries.get(at, ()):
            return
        data = self._read((*at, _PROPERTIES))[header_size : header_size + _ENTRY.size * PROPERTIES_MAX]
        for kind, number, _, value in _ENTRY.iter_unpack(data[: len(data) - len(data) % _ENTRY.size]):
            if kind == INTEGER:
                yield number, int.from_bytes(value[:4], "little")
            elif kind == TIME:
                yield number, int.from_bytes(value, "little")

    def _read(self, path: tuple[str, ...]) -> bytes:
        stream = self._ole.openstream(list(path))
        data: bytes = stream.read(self._left_bytes)
        self._left_bytes -= len(data)
        return data


def _tag(name: str) -> tuple[int, int]:
    """Id and type in the name of a stream; (0, 0) when it has none, as streams of many values have."""
    digits = name.removeprefix(_STREAM)
    try:
        return (int(digits[:4], 16), int(digits[4:], 16)) if len(digits) == 8 else (0, 0)
    except ValueError:
        return 0, 0

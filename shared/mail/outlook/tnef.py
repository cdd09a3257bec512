"""TNEF (MS-OXTNEF): what Exchange and Outlook send as `winmail.dat`."""

import struct
from collections.abc import Iterator

from shared.mail.outlook.properties import (
    ATTACH_DATA,
    ATTACH_NAME,
    ATTACHMENTS_MAX,
    BINARY,
    DEPTH_MAX,
    INTEGER,
    OBJECT,
    PROPERTIES_MAX,
    STRING8,
    SUBJECT,
    TIME,
    UNICODE,
    Item,
    attachment_of,
)

_HEAD = struct.Struct("<IH")  # signature and key
_ATTRIBUTE = struct.Struct("<BII")  # level, id and type, size (section 2.1.3.3)
_SIGNATURE = 0x223E9F78

# Attributes (section 2.1.3.3.4 and following).
_SUBJECT, _MESSAGE, _RENDER = 0x00018004, 0x00069003, 0x00069002
_ATTACH_TITLE, _ATTACH_DATA, _ATTACHMENT = 0x00018010, 0x0006800F, 0x00069005

#: The interface of an attached message, which stands before its TNEF (section 2.1.3.4.2).
_GUID_BYTES = 16

#: Sizes of values that have a fixed one, in bytes (MS-OXCDATA, section 2.11.1).
_FIXED = {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 2, 20: 8, 64: 8, 72: 16}
_VARIABLE = frozenset({STRING8, UNICODE, BINARY, OBJECT})
_MANY = 0x1000  # flag of types with several values
_NAMED = 0x8000  # ids from here on bring a name


def read_tnef(raw: bytes, depth: int = 0) -> Item | None:
    """The item in TNEF; None when it is none. What is cut off or broken ends the reading, not what was read."""
    if len(raw) < _HEAD.size or _HEAD.unpack_from(raw)[0] != _SIGNATURE:
        return None
    item = Item()
    parts: list[Item] = []
    for kind, data in _attributes(raw):
        if kind == _MESSAGE:
            item.values.update(_properties(data))
        elif kind == _SUBJECT:
            item.values.setdefault(SUBJECT, data)
        elif kind == _RENDER and len(parts) < ATTACHMENTS_MAX:
            parts.append(Item())
        elif parts and kind == _ATTACH_TITLE:
            parts[-1].values.setdefault(ATTACH_NAME, data)
        elif parts and kind == _ATTACH_DATA:
            parts[-1].values[ATTACH_DATA] = data
        elif parts and kind == _ATTACHMENT:
            parts[-1].values.update(_properties(data))
    for part in parts:
        data = part.data(ATTACH_DATA)
        is_item = depth < DEPTH_MAX and data[_GUID_BYTES : _GUID_BYTES + 4] == raw[:4]
        item.attachments.append(attachment_of(part, read_tnef(data[_GUID_BYTES:], depth + 1) if is_item else None))
    return item


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEAD.size
    for _ in range(PROPERTIES_MAX):
        if at + _ATTRIBUTE.size > len(raw):
            return
        _, kind, size = _ATTRIBUTE.unpack_from(raw, at)
        at += _ATTRIBUTE.size
        yield kind, raw[at : at + size]
        at += size + 2  # the checksum; readers in the field do not look at it


def _properties(data: bytes) -> dict[int, object]:
    """The values of an encapsulated property list (section 2.1.3.4); those before the first that cannot be read."""
    values: dict[int, object] = {}
    try:
        reader = _Properties(data)
        for _ in range(min(reader.number(4), PROPERTIES_MAX)):
            number, value = reader.one()
            values.setdefault(number, value)
    except (struct.error, EOFError):
        pass
    return values


class _Properties:
    """Walks over a property list."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._data):
            raise EOFError
        self._at += size
        return self._data[self._at - size : self._at]

    def one(self) -> tuple[int, object]:
        """One property: its id and value; the first of several values."""
        kind, number = self.number(2), self.number(2)
        if number >= _NAMED:
            self._skip_name()
        many = bool(kind & _MANY)
        kind &= ~_MANY
        if kind in _VARIABLE:
            values = [self._padded(self.number(4)) for _ in range(min(self.number(4), PROPERTIES_MAX))]
            return number, _value(kind, values[0] if values else b"")
        size = _FIXED.get(kind)
        if size is None:
            raise EOFError
        values = [self._padded(size) for _ in range(min(self.number(4), PROPERTIES_MAX) if many else 1)]
        return number, _value(kind, values[0] if values else b"")

    def _skip_name(self) -> None:
        self.take(16)
        if self.number(4):  # a string, else a number
            self._padded(self.number(4))
        else:
            self.take(4)

    def _padded(self, size: int) -> bytes:
        """A value and the bytes that fill it up to a multiple of four."""
        value = self.take(size)
        self.take(min(-size % 4, len(self._data) - self._at))
        return value


def _value(kind: int, data: bytes) -> object:
    if kind in {INTEGER, TIME}:
        return int.from_bytes(data, "little")
    if kind == UNICODE:
        return data.decode("utf-16-le", "replace")
    return data

"""Constant databases (cr.yp.to/cdb/cdb.txt): a table in a file that readers map into memory, whatever its size.

Rspamd reads one at no cost of its own, and whole. Of lines of keys and values that are larger than a megabyte 3.4 loses one at each seam
of its pieces, and a million of them cost each of its processes 200 MB and two seconds (measured).
"""

import struct
from array import array
from typing import BinaryIO

_PAIR = struct.Struct("<II")
_TABLES = 256
_32_BITS = 0xFFFFFFFF


class Cdb:
    """Writes one, key by key. What a file holds before `finish` is no database.

    A file ends at 4 GB, some ten million entries: `struct.error` is raised beyond.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = file.write(bytes(_TABLES * _PAIR.size))
        self._tables = [
            array("Q") for _ in range(_TABLES)
        ]  # of each key its hash, and in the upper half where it stands

    def add(self, key: bytes, value: bytes) -> None:
        """Append a key; the first of equal ones is what readers find."""
        hashed = _hash(key)
        self._tables[hashed % _TABLES].append(self._at << 32 | hashed)
        self._at += self._file.write(_PAIR.pack(len(key), len(value)) + key + value)

    def finish(self) -> None:
        """Write the tables by which readers find the keys."""
        places = []
        for table in self._tables:
            size = 2 * len(table)
            slots = array("Q", bytes(8 * size))
            for entry in table:
                at = (entry & _32_BITS) // _TABLES % size
                while slots[at]:
                    at = (at + 1) % size
                slots[at] = entry
            places.append(_PAIR.pack(self._at, size))
            self._at += self._file.write(b"".join(_PAIR.pack(slot & _32_BITS, slot >> 32) for slot in slots))
        self._file.seek(0)
        self._file.write(b"".join(places))


def _hash(key: bytes) -> int:
    found = 5381
    for byte in key:
        found = found * 33 & _32_BITS ^ byte
    return found

"""Reading constant databases, as their description says (cr.yp.to/cdb/cdb.txt)."""

import struct


def find_in_cdb(data: bytes, key: bytes) -> bytes | None:
    """What the tables of a database lead to."""
    hashed = 5381
    for byte in key:
        hashed = ((hashed << 5) + hashed & 0xFFFFFFFF) ^ byte
    table, slots = struct.unpack_from("<II", data, hashed % 256 * 8)
    for step in range(slots):
        slot = (hashed // 256 + step) % slots
        found, at = struct.unpack_from("<II", data, table + 8 * slot)
        if not at:
            return None
        key_size, size = struct.unpack_from("<II", data, at)
        begins = at + 8 + key_size
        if found == hashed and data[at + 8 : begins] == key:
            return data[begins : begins + size]
    return None


def everything_in_cdb(data: bytes) -> dict[bytes, bytes]:
    """Every record, in the order in which they stand."""
    found, at = {}, 2048
    while at < struct.unpack_from("<I", data)[0]:
        key_size, size = struct.unpack_from("<II", data, at)
        begins = at + 8 + key_size
        found[data[at + 8 : begins]] = data[begins : begins + size]
        at = begins + size
    return found

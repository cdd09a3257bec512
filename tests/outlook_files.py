"""Outlook's files for tests, written by us: compound files (MS-CFB) as `.msg`, TNEF, and compressed RTF."""

import struct
from collections.abc import Mapping
from typing import Any, Union

Tree = Mapping[str, Union[bytes, "Tree"]]

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR, MINI, MINI_MAX = 512, 64, 4096

#: A body in HTML, wrapped into RTF as Outlook does.
RTF_HTML = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\colortbl;}" + b"\r\n" + rb"\uc1\pard\plain "
    rb"{\*\htmltag64 <p>}\htmlrtf {\b \htmlrtf0 Z\'f6ll \u8364? 3: {\*\htmltag84 <a href="
    b'"http://fee.example/pay">}pay'
    rb"{\*\htmltag92 </a>}\htmlrtf }\htmlrtf0 \par {\*\htmltag72 </p>}}"
)


def chain(fat: list[int], size: int, unit: int) -> int:
    """Append a chain of sectors for so many bytes; its first sector."""
    count = -(-size // unit)
    if not count:
        return END
    first = len(fat)
    fat.extend([*range(first + 1, first + count), END])
    return first


def padded(data: bytes, unit: int) -> bytes:
    return data + b"\0" * (-len(data) % unit)


def compound(tree: Tree) -> bytes:
    """A compound file with these streams and storages."""
    entries: list[list[Any]] = []  # name, type, right, child, start, size
    fat: list[int] = []
    minifat: list[int] = []
    body = mini = b""

    def add(name: str, node: "bytes | Tree") -> int:
        nonlocal body, mini
        at = len(entries)
        entries.append([name, 2 if isinstance(node, bytes) else 1, FREE, FREE, 0, 0])
        if isinstance(node, bytes):
            entries[at][5] = len(node)
            if len(node) < MINI_MAX:
                entries[at][4] = chain(minifat, len(node), MINI)
                mini += padded(node, MINI)
            else:
                entries[at][4] = chain(fat, len(node), SECTOR)
                body += padded(node, SECTOR)
            return at
        before = None
        for inner, value in node.items():
            here = add(inner, value)
            if before is None:
                entries[at][3] = here
            else:
                entries[before][2] = here
            before = here
        return at

    add("Root Entry", tree)
    entries[0][1], entries[0][4], entries[0][5] = 5, chain(fat, len(mini), SECTOR), len(mini)
    body += padded(mini, SECTOR)
    table = padded(struct.pack(f"<{len(minifat)}I", *minifat), 4)
    minifat_at = chain(fat, len(table), SECTOR)
    body += table + b"\xff" * (-len(table) % SECTOR)
    directory = b"".join(entry_of(*entry) for entry in entries)
    directory_at = chain(fat, len(directory), SECTOR)
    body += padded(directory, SECTOR)
    count = 1
    while (len(fat) + count) * 4 > count * SECTOR:
        count += 1
    fat_at = len(fat)
    fat += [FAT] * count
    body += struct.pack(f"<{len(fat)}I", *fat) + b"\xff" * (count * SECTOR - 4 * len(fat))
    difat = [*range(fat_at, fat_at + count), *[FREE] * (109 - count)]
    head = struct.pack(
        "<8s16s6H10I",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0),
        *(0, 0, count, directory_at, 0, MINI_MAX, minifat_at, -(-len(table) // SECTOR), END, 0),
    )
    return head + struct.pack("<109I", *difat) + body


def entry_of(*said: Any) -> bytes:
    name, kind, right, child, start, size = said
    encoded = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBB3I16sI8s8sIQ", encoded, len(encoded) + 2, kind, 1, FREE, right, child, b"", 0, b"", b"", start, size
    )


def storage(values: Mapping[int, str | bytes | int], header: int, **inner: "bytes | Tree") -> dict[str, "bytes | Tree"]:
    """Properties as streams: text as Unicode, bytes as binary, numbers in the property stream."""
    made: dict[str, bytes | Tree] = dict(inner)
    fixed = b"\0" * header
    for number, value in values.items():
        if isinstance(value, str):
            made[f"__substg1.0_{number:04X}001F"] = value.encode("utf-16-le")
        elif isinstance(value, bytes):
            made[f"__substg1.0_{number:04X}0102"] = value
        else:
            fixed += struct.pack("<HHIQ", 0x0040 if value >> 32 else 0x0003, number, 6, value)
    made["__properties_version1.0"] = fixed
    return made


def msg(values: Mapping[int, str | bytes | int], *attachments: "dict[int, Any] | Tree", header: int = 32) -> bytes:
    """A `.msg` file; an attachment is its properties, or the tree of an attached item."""
    return compound(msg_tree(values, *attachments, header=header))


def msg_tree(values: Mapping[int, Any], *attachments: Any, header: int = 24) -> Tree:
    inner: dict[str, bytes | Tree] = {}
    for number, one in enumerate(attachments):
        is_item = "__properties_version1.0" in one
        more = {"__substg1.0_3701000D": one} if is_item else {}
        inner[f"__attach_version1.0_#{number:08X}"] = storage({} if is_item else one, 8, **more)
    return storage(values, header, **inner)


def tnef(values: Mapping[int, str | bytes | int], *attachments: Mapping[int, Any]) -> bytes:
    """A `winmail.dat`."""
    out = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00069003, properties(values))
    for one in attachments:
        out += attribute(2, 0x00069002, b"\0" * 14) + attribute(2, 0x00069005, properties(one))
    return out


def attribute(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(values: Mapping[int, Any]) -> bytes:
    out = struct.pack("<I", len(values))
    for number, value in values.items():
        if isinstance(value, int):
            out += struct.pack("<HHI", 3, number, value)
            continue
        kind = 0x001F if isinstance(value, str) else 0x000D if number == 0x3701 else 0x0102
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        out += struct.pack("<HHII", kind, number, 1, len(data)) + padded(data, 4)
    return out


def packed_rtf(rtf: bytes) -> bytes:
    """Compressed RTF that repeats nothing: eight literal bytes a run, and the reference that says the end."""
    out = b""
    for at in range(0, len(rtf), 8):
        run = rtf[at : at + 8]
        out += bytes([0]) + run if len(run) == 8 else bytes([1 << len(run)]) + run
    if not len(rtf) % 8:
        out += b"\x01"
    end = ((207 + len(rtf)) % 4096) << 4
    out += end.to_bytes(2, "big")
    return struct.pack("<IIII", len(out) + 12, len(rtf), 0x75465A4C, 0) + out

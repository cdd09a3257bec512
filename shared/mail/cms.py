"""The content of opaque S/MIME signatures (RFC 8551, section 3.5.2; CMS, RFC 5652): what was signed, unverified.

BER, because OpenSSL writes long contents with indefinite lengths; read without recursion, each byte at most once a level.
"""

from dataclasses import dataclass

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OCTETS, _CONSTRUCTED_OCTETS, _SEQUENCE, _CONTENT = 0x04, 0x24, 0x30, 0xA0

#: Values in values, and pieces of one string.
_DEPTH_MAX, _PIECES_MAX = 20, 100_000


@dataclass(slots=True)
class _Value:
    tag: int
    start: int
    end: int  # -1: until the end-of-contents


def signed_content(der: bytes) -> bytes:
    """The signed MIME entity; empty when there is none, as in a detached signature, or it cannot be read.

    `ContentInfo { signedData, [0] { version, digests, { type, [0] content } } }`
    """
    outer = _value(der, 0)
    if outer is None or outer.tag != _SEQUENCE or not der.startswith(_SIGNED_DATA, outer.start):
        return b""
    body = _value(der, outer.start + len(_SIGNED_DATA))
    signed = _value(der, body.start) if body and body.tag == _CONTENT else None
    if signed is None or signed.tag != _SEQUENCE:
        return b""
    at: int | None = signed.start
    for _ in range(2):  # version, digest algorithms
        at = _behind(der, at) if at is not None else None
    wrapped = _value(der, at) if at is not None else None
    if wrapped is None or wrapped.tag != _SEQUENCE:
        return b""
    at = _behind(der, wrapped.start)
    content = _value(der, at) if at is not None else None
    if content is None or content.tag != _CONTENT:
        return b""
    return _octets(der, content.start)


def _octets(der: bytes, at: int) -> bytes:
    """An octet string, in one piece or in many."""
    pieces: list[bytes] = []
    depth = 0
    for _ in range(_PIECES_MAX):
        value = _value(der, at)
        if value is None or value.tag not in {_OCTETS, _CONSTRUCTED_OCTETS} or depth > _DEPTH_MAX:
            break
        if value.tag == _OCTETS:
            pieces.append(der[value.start : value.end])
            at = value.end
            if not depth:
                break
        else:
            depth += 1
            at = value.start
    return b"".join(pieces)


def _value(der: bytes, at: int) -> _Value | None:
    """The value at an offset; None where there is none."""
    if at + 2 > len(der):
        return None
    tag, first = der[at], der[at + 1]
    if tag & 0x1F == 0x1F:  # a tag of several bytes: nothing in CMS has one
        return None
    if first == 0x80:
        return _Value(tag, at + 2, -1)
    size = first & 0x7F if first & 0x80 else 0
    if size > 8 or at + 2 + size > len(der):
        return None
    length = int.from_bytes(der[at + 2 : at + 2 + size], "big") if size else first
    return _Value(tag, at + 2 + size, min(at + 2 + size + length, len(der)))


def _behind(der: bytes, at: int) -> int | None:
    """The offset behind a value; an indefinite one is walked through."""
    depth = 0
    for _ in range(_PIECES_MAX):
        value = _value(der, at)
        if value is None:
            return None
        if value.end < 0:
            depth += 1
            at = value.start
        else:
            depth -= value.tag == 0 and value.start == value.end and depth > 0
            at = value.end
        if not depth:
            return at
    return None

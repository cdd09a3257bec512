"""Content-Transfer-Encoding undone (RFC 2045, section 6), broken input included."""

import binascii

from shared.mail.defects import Defects

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_LETTERS = bytes(set(range(256)) - set(_LETTERS))
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})


def is_identity(encoding: str) -> bool:
    """Whether the body stands in the mail as it is; unknown encodings are taken for that."""
    return encoding not in {"base64", "quoted-printable"}


def undo(data: bytes, encoding: str, defects: Defects) -> bytes:
    """The decoded bytes; never longer than `data`, never raises."""
    if encoding == "base64":
        return _base64(data, defects)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding not in _IDENTITY:
        defects.add("unknown-encoding")
    return data


def _base64(data: bytes, defects: Defects) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        defects.add("bad-base64")
    letters = data.partition(b"=")[0].translate(None, _NOT_LETTERS)
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))

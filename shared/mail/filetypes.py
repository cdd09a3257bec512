"""What a file is, told by its first bytes and never by its name."""

import re

from shared.mail import limits

_START = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"MZ", "exe"),
    (b"\x7fELF", "exe"),
    (b"\xcf\xfa\xed\xfe", "exe"),  # Mach-O, 64 bit
    (b"\xca\xfe\xba\xbe", "exe"),  # Mach-O for several machines, and Java classes
    (b"L\0\0\0\x01\x14\x02\0", "script"),  # a Windows shortcut runs a command line
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\0", "archive"),
    (b"MSCF", "archive"),
    (b"`\xea", "archive"),  # ARJ
    (b"#!", "script"),
)
_AT = (
    (8, b"WEBP", "image"),
    (7, b"**ACE**", "archive"),
    (257, b"ustar", "archive"),
    (0x8001, b"CD001", "iso"),  # ECMA-119: the first volume descriptor is in sector 16
    (0x8001, b"BEA01", "iso"),  # UDF
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype html|html|head|body|script|svg|meta|iframe|form)\b",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    rb"wscript\.|activexobject|createobject\s{0,5}\(|<hta:application|<\?php|^\s{0,9}@echo off|powershell(?:\.exe)?\s{1,5}-"
    rb"|\A\s{0,9}(?:<job\b|<package\b|<scriptlet\b)",
    re.IGNORECASE,
)
_MAIL = re.compile(
    rb"(?:From [^\r\n]{1,200}\r?\n)?(?:received|return-path|delivered-to|from|to|date|subject|message-id|mime-version|x-[a-z0-9-]{1,60}):"
    rb"[^\r\n]{0,2000}\r?\n(?:[ \t][^\r\n]{0,2000}\r?\n){0,20}[a-z][a-z0-9-]{1,60}:",
    re.IGNORECASE,
)


def real_type(data: bytes) -> str:
    """One of the words of `Attachment.real_type`, the empty string for plain text and the unknown.

    SVG counts as HTML: browsers run its scripts. ZIP containers are told apart by their members (`shared.mail.zips`).
    """
    for start, kind in _START:
        if data.startswith(start):
            return kind
    for offset, magic, kind in _AT:
        if data.startswith(magic, offset):
            return kind
    head = _text_head(data)
    if _HTML.match(head):
        return "html"
    if _SCRIPT.search(head):
        return "script"
    return "mail" if _MAIL.match(head) else ""


def _text_head(data: bytes) -> bytes:
    """The beginning without byte order mark; UTF-16 is read as if it were ASCII, which is enough to tell."""
    head = data[: limits.SNIFF_BYTES]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf")

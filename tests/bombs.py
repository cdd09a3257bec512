"""Mails that were made to hurt whoever reads them, by name; each is built when it is asked for."""

import base64
import io
import zipfile
from collections.abc import Callable
from functools import cache

HEAD = b"From: a@b.example\r\nTo: ana@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
MIB = 1024 * 1024


def with_type(content_type: str, body: bytes, *, encoding: str = "7bit") -> bytes:
    return HEAD + f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def nested(depth: int) -> bytes:
    """Multiparts in each other, each with a boundary of its own."""
    out = HEAD
    for level in range(depth):
        out += f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n".encode()
    return out + b"Content-Type: text/plain\r\n\r\nx\r\n"


@cache
def zeros(size: int) -> bytes:
    """A ZIP file of zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.bin", "w") as member:
        for _ in range(size // MIB):
            member.write(bytes(MIB))
    return buffer.getvalue()


def attached(data: bytes, content_type: str, name: str) -> bytes:
    head = (
        f'--x\r\nContent-Type: {content_type}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'.encode()
        + base64.encodebytes(data)
        + b"\r\n--x--\r\n"
    )
    return with_type("multipart/mixed; boundary=x", head)


BOMBS: dict[str, Callable[[], bytes]] = {
    "10,000 nested multiparts": lambda: nested(10_000),
    "3,000 attached mails in each other": lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3_000,
    "100,000 empty parts": lambda: with_type("multipart/mixed; boundary=b", b"--b\r\n\r\n" * 100_000),
    "1,000,000 lines like delimiters": lambda: with_type("multipart/mixed; boundary=b", b"--bx\r\n" * 1_000_000),
    "a boundary in itself": lambda: with_type("multipart/mixed; boundary=b", b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 5_000),
    "1,000,000 header lines": lambda: HEAD + b"X: y\r\n" * 1_000_000 + b"\r\nbody",
    "1,000,000 folded lines": lambda: HEAD + b"X:\r\n" + b" y\r\n" * 1_000_000 + b"\r\nbody",
    "50 MB of one header": lambda: HEAD + b"X: " + b"y" * (50 * MIB) + b"\r\n\r\nbody",
    "a subject of 400,000 words": lambda: HEAD + b"Subject: " + b"ab " * 400_000 + b"\r\n\r\nbody",
    "100,000 encoded words": lambda: b"Subject: " + b"=?utf-8?q?x?= " * 100_000 + b"\r\n\r\nbody",
    "10,000 comments in each other": lambda: b"From: " + b"(" * 10_000 + b"a@b.example\r\n\r\nbody",
    "20,000 recipients": lambda: b"From: a@b.example\r\nTo: " + b"a@b.example, " * 20_000 + b"\r\n\r\nbody",
    "4,000 parameters": lambda: HEAD + b"Content-Type: text/plain" + b"; a=b" * 4_000 + b"\r\n\r\nbody",
    "a ZIP of 1 GB of zeros": lambda: attached(zeros(1024 * MIB), "application/zip", "a.zip"),
    "a document of 300 MB of zeros": lambda: attached(zeros(300 * MIB).replace(b"zeros.bin", b"a/b/.rels"), "application/zip", "a.docx"),
    "base64 that is none": lambda: with_type("text/plain", b"A=*\r\n" * 4_000_000, encoding="base64"),
    "20 MB of base64": lambda: with_type("text/plain", b"QUJD" * 5_000_000, encoding="base64"),
    "quoted-printable of nothing but escapes": lambda: with_type("text/plain", b"=3D" * 6_000_000, encoding="quoted-printable"),
    "quoted-printable of soft line ends": lambda: with_type("text/plain", b"=\r\n" * 6_000_000, encoding="quoted-printable"),
    "10 MB of bare CR": lambda: HEAD + b"\r\n" + b"\r" * (10 * MIB),
    "a charset that is a codec": lambda: with_type("text/plain; charset=punycode", b"a-" * 500_000),
    "a charset that is a bomb": lambda: with_type("text/plain; charset=zlib", b"x\x9c" * 500_000),
    "UTF-16 that is none": lambda: with_type("text/plain; charset=utf-16", b"\xd8" * (5 * MIB)),
    "combining marks": lambda: with_type("text/plain; charset=utf-8", "a\u0301\u0316".encode() * 1_000_000, encoding="8bit"),
    "500,000 tags": lambda: with_type("text/html", b"<b><i>" * 250_000),
    "100,000 links": lambda: with_type("text/html", b"".join(b"<a href='http://h%d.example/'>x</a>" % n for n in range(100_000))),
    "one link of 10 MB": lambda: with_type("text/plain", b"http://h.example/" + b"a" * (10 * MIB)),
    "a style of 5 MB": lambda: with_type("text/html", b"<style>" + b"a{b:c}" * 900_000),
    "a page of 1,000,000 entities": lambda: with_type("text/html", b"&amp;" * 1_000_000),
    "20 forwards": lambda: with_type("text/plain", b"-- forwarded message --\r\n" * 400_000),
}  # fmt: skip

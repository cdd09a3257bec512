"""An item as an RFC 5322 message: its header as it came over the network where it is kept, its bodies, its attachments."""

import hashlib
import re
from base64 import encodebytes
from collections.abc import Iterator
from email.utils import format_datetime

from shared.mail import limits
from shared.mail.outlook import properties as known
from shared.mail.outlook.properties import Attachment, Item
from shared.mail.outlook.rtf import text_of, unpack
from shared.mail.words import one_line

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}")
_FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]{0,5}:")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
#: Fields that say how the bytes were written, which are written anew here.
_OURS = frozenset({"content-type", "content-transfer-encoding", "mime-version", "content-length"})


def compose(item: Item) -> bytes:
    """The message. The same item always gives the same bytes."""
    head = [*(_received(item.text(known.TRANSPORT_HEADERS)) or _written(item)), "MIME-Version: 1.0"]
    parts: list[bytes] = [*_bodies(item), *(part for one in item.attachments for part in _attachment(one))]
    lines = "\r\n".join(head).encode("utf-8", "replace")
    if len(parts) == 1:
        return b"\r\n".join([lines, parts[0]])
    return b"\r\n".join([lines, _multipart("mixed", parts)])


def _received(text: str) -> list[str]:
    """The lines of the header as it was received, without those that say how the body was written."""
    kept: list[str] = []
    takes = False
    for line in re.split(r"\r\n|\n|\r", text[: limits.HEADER_BLOCK_MAX_BYTES], maxsplit=limits.HEADER_LINES_MAX):
        if line[:1] in {" ", "\t"}:
            if takes and line.strip():
                kept.append(line)
        elif field := _FIELD.match(line):
            takes = field[1].lower() not in _OURS
            if takes:
                kept.append(line)
        else:
            takes = False
    return kept


def _written(item: Item) -> list[str]:
    """A header for an item that came over no network, or kept none."""
    sender = item.text(known.SENDER_SMTP, known.REPRESENTING_SMTP, known.SENDER_ADDRESS, known.REPRESENTING_ADDRESS)
    name = item.text(known.REPRESENTING_NAME, known.SENDER_NAME)
    address = found[0] if (found := _ADDRESS.search(sender[:1000])) else ""
    at = item.time(known.DELIVERED, known.SUBMITTED)
    fields = {
        "From": f"{_phrase(name)} <{address}>" if address else _phrase(name),
        "To": ", ".join(_phrase(one.strip()) for one in item.text(known.TO)[:2000].split(";") if one.strip()),
        "Subject": item.text(known.SUBJECT),
        "Date": format_datetime(at) if at else "",
        "Message-ID": item.text(known.MESSAGE_ID),
    }
    return [f"{name}: {_clean(value)}" for name, value in fields.items() if value]


def _bodies(item: Item) -> Iterator[bytes]:
    text, html = item.text(known.BODY), item.text(known.HTML)
    if not html and item.data(known.RTF):
        found, is_html = text_of(unpack(item.data(known.RTF)), item.charset())
        text, html = (text, found) if is_html else (text or found, html)
    bodies = [(kind, body) for kind, body in (("plain", text), ("html", html)) if body]
    if len(bodies) < 2:
        for kind, body in bodies:
            yield _part(f"Content-Type: text/{kind}; charset=utf-8", body.encode("utf-8", "replace"))
        return
    both = [
        _part(f"Content-Type: text/{kind}; charset=utf-8", body.encode("utf-8", "replace")) for kind, body in bodies
    ]
    yield _multipart("alternative", both)


def _multipart(kind: str, parts: list[bytes]) -> bytes:
    """A multipart with a boundary that is in none of its parts: base64 has no underscore, and no hash holds itself."""
    boundary = "=_" + hashlib.sha256(b"".join([kind.encode(), *parts])).hexdigest()[:40]
    lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode(), b""]
    for part in parts:
        lines += [f"--{boundary}".encode(), part]
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def _attachment(one: Attachment) -> Iterator[bytes]:
    name = _clean(one.name)[: limits.FILE_NAME_MAX].replace("\\", "").replace('"', "")
    disposition = f'Content-Disposition: attachment; filename="{name}"'
    if one.item:
        yield f"Content-Type: message/rfc822\r\n{disposition}\r\n\r\n".encode() + compose(one.item)
        return
    kind = one.content_type if _TYPE.fullmatch(one.content_type) else "application/octet-stream"
    if kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    yield _part(f"Content-Type: {kind}\r\n{disposition}", one.data)


def _part(head: str, data: bytes) -> bytes:
    return f"{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + encodebytes(data).replace(b"\n", b"\r\n")


def _phrase(text: str) -> str:
    """A display name as a quoted string (RFC 5322, section 3.2.4)."""
    bare = text.replace("\\", "").replace('"', "")
    return f'"{bare}"' if bare else ""


def _clean(value: str) -> str:
    """A value in one printable line, and no encoded word that a reader would open."""
    return "".join(char for char in one_line(value, limits.SUBJECT_MAX) if char.isprintable()).replace("=?", "= ?")

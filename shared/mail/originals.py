"""The reported mails inside a report mail, cut byte for byte: a DKIM signature survives, a re-serialised one does not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.reading import read_mail
from shared.mail.recognition import is_mail
from shared.mail.structure import Part, Structure, scan

_MAIL_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers")

#: Lines that mail clients put before a mail that is forwarded inline (English; other languages fall back on the fields).
_FORWARD = re.compile(
    r"^[ \t>]{0,20}(?:-{2,20} ?(?:Forwarded message|Original Message) ?-{2,20}|Begin forwarded message:)[ \t]{0,20}$",
    re.MULTILINE | re.IGNORECASE,
)
_QUOTED_FIELD = re.compile(r"^[ \t>*]{0,20}(From|Sent|Date|To|Subject):[ \t*]{0,20}(.{1,500})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Original:
    """One reported mail. `low_fidelity`: composed by us from an inline forward, its own headers are lost."""

    raw: bytes
    kind: Literal["attached", "arf", "inline"]
    low_fidelity: bool = False


def attached_originals(raw: bytes) -> tuple[Original, ...]:
    """The reported mails of a report mail, in order; an inline forward when none is attached, and none at all else.

    Taken are attached `message/rfc822` (RFC 2046, section 5.2.1), `.eml` under any type, and ARF (RFC 5965).
    """
    structure = scan(raw, Defects())
    kind: Literal["attached", "arf"] = "arf" if _is_arf(structure.root) else "attached"
    found = [Original(content, kind) for content in _attached(structure)][: limits.ORIGINALS_MAX]
    if found:
        return tuple(found)
    inline = _inline(raw)
    return (inline,) if inline else ()


def _is_arf(root: Part) -> bool:
    return root.media_type == "multipart/report" and root.parameters.get("report-type", "").lower() == "feedback-report"


def _attached(structure: Structure) -> Iterator[bytes]:
    for part in structure.root.leaves():
        if part is structure.root:
            continue
        named = part.file_name.lower().endswith(".eml")
        if part.media_type in _MAIL_TYPES or named:
            content = structure.content(part, Defects())
            if content and not is_mail(content):
                yield content


def _inline(raw: bytes) -> Original | None:
    """The quoted mail behind a forward line, as a small mail of its own."""
    text = read_mail(raw).text
    marker = _FORWARD.search(text)
    if not marker:
        return None
    fields: dict[str, str] = {}
    lines = text[marker.end() :].lstrip("\r\n").splitlines()
    read = 0
    for line in lines[: limits.FORWARD_LINES_MAX]:
        read += 1
        quoted = _QUOTED_FIELD.match(line)
        if quoted:
            fields.setdefault(quoted[1].lower(), quoted[2].strip())
        elif fields and not line.strip(" \t>"):
            break
    if "from" not in fields:
        return None
    body = "\r\n".join(line.removeprefix("> ") for line in lines[read:])
    names = {"from": "From", "to": "To", "subject": "Subject", "date": "Date", "sent": "Date"}
    head = "".join(f"{names[name]}: {_clean(value)}\r\n" for name, value in fields.items())
    head += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return Original(f"{head}\r\n{body}\r\n".encode("utf-8", "replace"), "inline", low_fidelity=True)


def _clean(value: str) -> str:
    """A quoted value as a header's: printable, and no encoded word that a reader would open."""
    return "".join(char for char in value if char.isprintable()).replace("=?", "= ?")

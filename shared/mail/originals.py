"""The reported mails inside a report mail, cut byte for byte: a DKIM signature survives, a re-serialised one does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.forwards import inline_forward
from shared.mail.model import Mail
from shared.mail.reading import read_mail
from shared.mail.recognition import is_mail
from shared.mail.structure import Part, Structure, scan

_MAIL_TYPES = frozenset({"message/rfc822", "message/global"})
_HEADER_TYPES = frozenset({"text/rfc822-headers", "text/rfc822-header"})  # RFC 6522, and as some senders write it
_NO_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification"})


@dataclass(frozen=True, slots=True)
class Original:
    """One reported mail. `low_fidelity`: not the bytes that were delivered, but a header alone or composed by us."""

    raw: bytes
    kind: Literal["attached", "arf", "inline"]
    low_fidelity: bool = False


@dataclass(frozen=True, slots=True)
class ReportMail:
    """A report mail: what it is itself, and the mails that it reports."""

    mail: Mail
    originals: tuple[Original, ...]


def read_report_mail(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> ReportMail:
    """Read a report mail (`read_mail`) and cut the mails that it reports; an inline forward when none is attached."""
    mail = read_mail(raw, own_authserv_ids=own_authserv_ids)
    if originals := attached_originals(raw):
        return ReportMail(mail, originals)
    forward = inline_forward(mail.text)
    return ReportMail(mail, (Original(forward, "inline", low_fidelity=True),) if forward else ())


def attached_originals(raw: bytes) -> tuple[Original, ...]:
    """The mails attached to a report mail, in order.

    Taken are attached `message/rfc822` (RFC 2046, section 5.2.1), `.eml` under any type, and ARF (RFC 5965), which may give
    a header only. A mail inside a reported mail belongs to that one. Bounces (RFC 3464) and read receipts (RFC 8098)
    carry a mail, too, but report nothing.
    """
    structure = scan(raw, Defects())
    types = {part.media_type for part in structure.root.leaves()}
    if types & _NO_REPORTS:
        return ()
    kind: Literal["attached", "arf"] = "arf" if _is_arf(structure.root, types) else "attached"
    return tuple(
        Original(content, kind, low_fidelity=part.media_type in _HEADER_TYPES)
        for part, content in islice(_attached(structure), limits.ORIGINALS_MAX)
    )


def _is_arf(root: Part, types: set[str]) -> bool:
    named = (
        root.media_type == "multipart/report" and root.parameters.get("report-type", "").lower() == "feedback-report"
    )
    return named or "message/feedback-report" in types


def _attached(structure: Structure) -> Iterator[tuple[Part, bytes]]:
    for part in structure.root.leaves():
        if part is structure.root:
            continue
        named = part.file_name.lower().endswith(".eml")
        if part.media_type in _MAIL_TYPES | _HEADER_TYPES or named:
            content = structure.content(part, Defects())
            if content and not is_mail(content):
                yield part, content

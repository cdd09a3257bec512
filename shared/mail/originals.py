"""The reported mails inside a report mail, cut byte for byte: a DKIM signature survives, a re-serialised one does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from shared.events.message import Envelope
from shared.events.vocabulary import ReportCategory
from shared.mail import limits
from shared.mail.cms import signed_content
from shared.mail.defects import Defects
from shared.mail.feedback import Feedback, mails_in_xarf, read_feedback
from shared.mail.forwards import inline_forward
from shared.mail.model import Mail
from shared.mail.outlook import has_its_header, mail_of_msg, mails_in_tnef
from shared.mail.reading import read_mail
from shared.mail.recognition import is_mail, is_report_mail
from shared.mail.structure import Part, Structure, scan

_MAIL_TYPES = frozenset({"message/rfc822", "message/global"})
_HEADER_TYPES = frozenset({"text/rfc822-headers", "text/rfc822-header"})  # RFC 6522, and as some senders write it
_NO_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification"})
_OUTLOOK_TYPES = frozenset({"application/vnd.ms-outlook", "application/x-msg", "application/msg"})
_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_JSON_TYPES = frozenset({"application/json", "application/xarf+json"})
_SIGNED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


@dataclass(frozen=True, slots=True)
class Original:
    """One reported mail.

    Attributes:
        raw: its bytes (RFC 5322).
        kind: `arf` for what a feedback loop reports.
        low_fidelity: what was delivered is not all there: a header alone, or a mail without the header it came with.
        source: what it was composed from, when that is a file that can be kept.
        category: what the report itself says that the mail is, and no subject or mailbox.
        envelope: as a feedback loop tells it.
    """

    raw: bytes
    kind: Literal["attached", "arf", "inline"]
    low_fidelity: bool = False
    source: bytes = b""
    category: ReportCategory | None = None
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class ReportMail:
    """A report mail: what it is itself, and the mails that it reports."""

    mail: Mail
    originals: tuple[Original, ...]


def read_report_mail(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> ReportMail:
    """Read a report mail (`read_mail`) and cut the mails that it reports; an inline forward when none is attached.

    Taken are attached `message/rfc822` (RFC 2046, section 5.2.1), `.eml` under any type, `.msg`, mails in TNEF, ARF (RFC
    5965), which may give a header only, and XARF. Who writes nothing beside an attachment may send it as the whole body. A mail inside a reported mail belongs to that one, unless that one is
    a report mail, too: then it is a report of its own besides. Bounces (RFC 3464) and read receipts (RFC 8098) carry a
    mail, too, but report nothing.
    """
    mail = read_mail(raw, own_authserv_ids=own_authserv_ids)
    structure = _opened(scan(raw, Defects()))
    if originals := _originals(structure, depth=0):
        return ReportMail(mail, originals[: limits.ORIGINALS_MAX])
    said = mail if structure.raw is raw else read_mail(structure.raw)
    forward = inline_forward(said.text, said.links)
    return ReportMail(mail, (Original(forward, "inline", low_fidelity=True),) if forward else ())


def _opened(structure: Structure) -> Structure:
    """What an opaque signature signs, else the structure as it is."""
    if structure.root.media_type in _SIGNED_TYPES and (inner := signed_content(_content(structure, structure.root))):
        return scan(inner, Defects())
    return structure


def _originals(structure: Structure, *, depth: int) -> tuple[Original, ...]:
    leaves = list(structure.root.leaves())
    types = {part.media_type for part in leaves}
    if types & _NO_REPORTS:
        return ()
    told = Feedback()
    for part in leaves:
        if part.media_type == "message/feedback-report":
            told = read_feedback(_content(structure, part))
    is_arf = _is_report(structure.root) or "message/feedback-report" in types
    found: list[Original] = []
    for original in islice(_attached(structure, leaves), limits.ORIGINALS_MAX):
        if is_arf:
            category = original.category or told.category
            found.append(replace(original, kind="arf", category=category, envelope=told.envelope))
            continue
        found.append(original)
        if depth < limits.MESSAGES_DEPTH_MAX and is_report_mail(original.raw):
            found += _originals(_opened(scan(original.raw, Defects())), depth=depth + 1)
    return tuple(found)


def _is_report(root: Part) -> bool:
    kinds = {"feedback-report", "xarf"}
    return root.media_type == "multipart/report" and root.parameters.get("report-type", "").lower() in kinds


def _attached(structure: Structure, leaves: list[Part]) -> Iterator[Original]:
    for part in leaves:
        kind, name = part.media_type, part.file_name.lower()
        if kind in _OUTLOOK_TYPES or name.endswith(".msg"):
            content = _content(structure, part)
            if composed := mail_of_msg(content):
                yield Original(composed, "attached", low_fidelity=not has_its_header(composed), source=content)
        elif kind in _TNEF_TYPES or name == "winmail.dat":
            found = [one for one in mails_in_tnef(_content(structure, part)) if not is_mail(one)]
            yield from (Original(one, "attached", low_fidelity=not has_its_header(one)) for one in found)
        elif kind in _JSON_TYPES or name == "xarf.json":
            evidence = mails_in_xarf(_content(structure, part))
            yield from (Original(raw, "arf", category=category) for raw, category in evidence if not is_mail(raw))
        elif kind in _MAIL_TYPES | _HEADER_TYPES or name.endswith(".eml"):
            content = _content(structure, part)
            if content and not is_mail(content):
                yield Original(content, "attached", low_fidelity=kind in _HEADER_TYPES)


def _content(structure: Structure, part: Part) -> bytes:
    return structure.content(part, Defects())

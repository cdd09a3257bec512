"""Reports that machines write: ARF (RFC 5965) with what it says of the mail, and XARF, whose mails are evidence in JSON."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from shared.events.message import Envelope
from shared.events.vocabulary import ReportCategory
from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.fields import read_block
from shared.mail.words import one_line

#: Feedback types (RFC 5965, section 7.3; RFC 6430) and XARF's report types.
CATEGORIES: Mapping[str, ReportCategory] = {
    "abuse": "junk",
    "spam": "junk",
    "fraud": "phishing",
    "phishing": "phishing",
    "virus": "malware",
    "malware": "malware",
    "not-spam": "not_junk",
}

#: Where XARF keeps what was reported: version 4, version 3, and the drafts before.
_EVIDENCE, _CONTENTS, _TYPES = (
    ("evidence", "Attachment", "Samples", "attachments"),
    ("payload", "Data", "Payload", "data"),
    ("content_type", "ContentType", "contentType"),
)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a feedback report says of the mail; empty where it is silent."""

    category: ReportCategory | None = None
    envelope: Envelope | None = None


def read_feedback(data: bytes) -> Feedback:
    """The body of a `message/feedback-report`."""
    data = data.lstrip(b"\r\n")
    block = read_block(data, 0, len(data), max_bytes=limits.PART_HEADER_MAX_BYTES, defects=Defects())
    sender, client = block.first("original-mail-from"), block.first("source-ip")
    recipients = [field.value for field in block.fields if field.name == "original-rcpt-to"]
    envelope = None
    if sender or client or recipients:
        envelope = Envelope(
            mail_from=_address(sender),
            rcpt_to=tuple(filter(None, map(_address, recipients[: limits.ADDRESSES_MAX]))),
            client_ip=one_line(client, 45).strip(),
        )
    return Feedback(CATEGORIES.get(block.first("feedback-type").strip().lower()), envelope)


def mails_in_xarf(data: bytes) -> Iterator[tuple[bytes, ReportCategory | None]]:
    """The mails that an XARF report gives as evidence."""
    try:
        said = from_json(data)
    except ValueError:
        return
    if not isinstance(said, Mapping):
        return
    report = said.get("Report")
    report = report if isinstance(report, Mapping) else said
    kind = report.get("type") or report.get("ReportType") or ""
    category = CATEGORIES.get(kind.lower()) if isinstance(kind, str) else None
    for one in _list(next((report[name] for name in _EVIDENCE if name in report), ())):
        if _first(one, _TYPES).partition(";")[0].strip().lower() in {"message/rfc822", "message/global"}:
            content = _first(one, _CONTENTS)
            try:
                yield base64.b64decode("".join(content.split()), validate=True), category
            except (binascii.Error, ValueError):
                yield content.encode("utf-8", "replace"), category


def _list(value: object) -> list[Any]:
    return value[: limits.ORIGINALS_MAX] if isinstance(value, list) else []


def _first(one: object, names: tuple[str, ...]) -> str:
    found = next((one[name] for name in names if name in one), "") if isinstance(one, Mapping) else ""
    return found if isinstance(found, str) else ""


def _address(value: str) -> str:
    return one_line(value, limits.ADDRESS_MAX).strip(" <>")

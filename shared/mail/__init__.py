"""Hostile bytes in, bounded facts out.

Reads       raw RFC 5322 bytes, nothing else: no network, no clock, no disk.
Promises    never raises on any input but for programming errors; never re-serialises a mail; every result is bounded.
Limits      `shared.mail.limits`, each with its reason.
"""

from shared.mail.domains import registrable
from shared.mail.facts import facts
from shared.mail.model import Address, Attachment, Link, Mail
from shared.mail.originals import Original, ReportMail, read_report_mail
from shared.mail.reading import read_head, read_mail
from shared.mail.recognition import came_over_own_list, category_of_subject, is_mail, why_automatic
from shared.mail.urls import canonical_url, host_of

__all__ = [
    "Address",
    "Attachment",
    "Link",
    "Mail",
    "Original",
    "ReportMail",
    "came_over_own_list",
    "canonical_url",
    "category_of_subject",
    "facts",
    "host_of",
    "is_mail",
    "read_head",
    "read_mail",
    "read_report_mail",
    "registrable",
    "why_automatic",
]

"""A mail of ours as bytes, checked after building for headers that nobody put there."""

from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal

from shared.outgoing.text import clean

#: Every header that a mail of ours has; one more after building means that somebody's text became one.
HEADERS = frozenset(
    {
        "from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress", "mime-version",
        "content-type",
    }
)  # fmt: skip


def compose(  # noqa: PLR0913 - a mail has so many parts
    *,
    mail_from: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    message_id: str,
    at: datetime,
    automatic: Literal["auto-generated", "auto-replied"] = "auto-generated",
) -> bytes:
    """The mail, with CRLF line ends.

    Args:
        mail_from: From, as the setting has it.
        to: one address.
        subject: made fit here.
        text: the plain part.
        html: the HTML part.
        message_id: without angle brackets.
        at: its date.
        automatic: what RFC 3834, section 5 says that it is.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    mail = EmailMessage(policy=policy.SMTP)
    name, address = parseaddr(mail_from)
    local, _, domain = address.rpartition("@")
    mail["From"] = Address(clean(name), local, domain)
    to_local, _, to_domain = to.rpartition("@")
    mail["To"] = Address("", to_local, to_domain)
    mail["Subject"] = clean(subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = automatic
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    raw = mail.as_bytes()
    found = {header.lower() for header in message_from_bytes(raw).keys()}  # noqa: SIM118 - a Message is no dict
    if found != HEADERS:
        raise ValueError(f"the mail has headers that nobody wrote: {sorted(found ^ HEADERS)}")
    return raw

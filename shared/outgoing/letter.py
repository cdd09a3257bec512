"""A mail of ours as bytes, checked after building for headers that nobody put there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
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

#: Headers that a mail of ours may have besides: RFC 2919 and RFC 8058.
MORE_HEADERS = frozenset({"list-id", "list-unsubscribe", "list-unsubscribe-post"})


#: Longest line of a mail, in characters (RFC 5322, section 2.1.1), its colon and space not counted.
LINE_MAX = 996


@dataclass(frozen=True, slots=True)
class Image:
    """A picture within a mail, which its HTML names as `cid:` and `name`. `kind` is `png`, `jpeg` or `gif`."""

    name: str
    kind: str
    data: bytes


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
    more: Mapping[str, str] | None = None,
    image: Image | None = None,
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
        more: headers of `MORE_HEADERS`; values are ours, in ASCII.
        image: a picture that the HTML shows.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = _address(*parseaddr(mail_from))
    mail["To"] = _address("", to)
    mail["Subject"] = clean(subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = automatic
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    html_part = mail.get_body(("html",))
    if image and isinstance(html_part, EmailMessage):
        html_part.add_related(image.data, "image", image.kind, cid=f"<{image.name}>", disposition="inline")
    raw = _with(more or {}, mail.as_bytes())
    found = {header.lower() for header in BytesHeaderParser().parsebytes(raw).keys()}  # noqa: SIM118 - a Message is no dict
    if found != HEADERS | {header.lower() for header in more or {}}:
        raise ValueError(f"the mail has headers that nobody wrote: {sorted(found ^ HEADERS)}")
    return raw


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(clean(name), local, domain)


def _with(more: Mapping[str, str], raw: bytes) -> bytes:
    """The mail with headers before its own, each on one line: a link that was folded is one that not everybody opens."""
    for header, value in more.items():
        if (
            header.lower() not in MORE_HEADERS
            or not value.isascii()
            or not value.isprintable()
            or len(header) + len(value) > LINE_MAX
        ):
            raise ValueError(f"{header} is no header that a mail of ours may have so")
    return "".join(f"{header}: {value}\r\n" for header, value in more.items()).encode("ascii") + raw

"""A parsed mail as plain frozen values: what parsing promises and analysis may rely on.

All strings are decoded, NFC, without control characters, and cut at the limits of `shared.mail.limits`; what was cut,
broken or guessed is named in `Mail.defects`. Domains and hosts are lower-case A-labels (RFC 5890). Nothing here may be
shown to people, logged or put into a header without the escaping of that place.
"""

from dataclasses import dataclass, field
from typing import Literal

from shared.events.message import Authentication

LinkPlace = Literal["text", "html", "subject", "attachment", "code"]


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header (RFC 5322, section 3.4); `address` is empty when there is no usable addr-spec."""

    name: str = ""
    address: str = ""  # lower-case domain; the local part as written
    domain: str = ""  # A-label, lower-case


@dataclass(frozen=True, slots=True)
class Link:
    """One URL as found: `url` as written (bounded), `text` the visible words of an anchor.

    `canonical`, for comparing, and `host` are those of the page behind a known wrapper (`shared.mail.wrappers`).
    """

    url: str
    canonical: str
    host: str
    text: str = ""
    place: LinkPlace = "text"


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received field: `helo` as the client called itself, `address` as the server saw it."""

    helo: str = ""
    address: str = ""
    by: str = ""
    protocol: str = ""
    date: str = ""  # RFC 3339 in UTC, empty when unreadable


@dataclass(frozen=True, slots=True)
class Attachment:
    """A leaf that is not the body. `real_type` is told by the bytes, not by the name or the declaration."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    #: One of pdf, zip, exe, ole, ole-macro, ooxml, ooxml-macro, html, image, rar, 7z, iso, archive, mail, script, or empty.
    real_type: str = ""
    encrypted: bool = False
    members: tuple[str, ...] = ()  # names inside a zip, bounded


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything analysis may know of one mail."""

    sha256: str
    size_bytes: int
    headers: tuple[tuple[str, str], ...] = ()  # (lower-case name, unfolded decoded value), in order, bounded
    message_id: str = ""  # without the angle brackets
    from_: Address = field(default_factory=Address)
    sender: Address = field(default_factory=Address)
    reply_to: Address = field(default_factory=Address)
    return_path: str = ""
    to: tuple[Address, ...] = ()
    subject: str = ""
    date: str = ""  # RFC 3339 in UTC, empty when unreadable
    list_id: str = ""
    list_unsubscribe: str = ""
    hops: tuple[Hop, ...] = ()  # Received fields, the newest first; those below the own gateway's may be forged
    authentication: Authentication = field(default_factory=Authentication)
    language: str = ""  # ISO 639-1, empty when it is not sure
    mailto: tuple[str, ...] = ()  # addresses that `mailto:` links would write to
    text: str = ""  # the plain body, or the HTML as text
    html: str = ""  # the HTML body as written, bounded; never rendered
    html_text: str = ""  # visible text of the HTML body
    attached_text: str = ""  # words of attached pages, calendars, texts and mails, bounded
    attached_html: str = ""  # attached pages as written, bounded; never rendered
    image_count: int = 0
    has_form: bool = False
    has_password_field: bool = False
    has_script: bool = False
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    body_hash: str = (
        ""  # likeness: equal for two copies of one text apart from digits, case, spaces, addresses and URL paths
    )
    sketch: str = ""  # of the visible text, for `shared.mail.likeness.alike`
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The first value of a header, or the empty string."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), "")

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a header, the topmost (newest) first."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key == wanted)

"""The digest mail: text and HTML, built from rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.digest.rules.standing import REASONS
from services.digest.tables import Copy, Held
from shared.links import Links
from shared.outgoing import clean, compose

PAGES = Environment(
    loader=PackageLoader("services.digest"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One held mail as its recipient sees it."""

    name: str
    address: str
    subject: str
    reason: str
    held: str
    expires: str
    link: str
    may_release: bool


def lines(rows: Sequence[tuple[Copy, Held]], links: Links, at: datetime) -> list[Line]:
    """What a digest tells of each mail; `at` is when the digest is made."""
    return [line_of(copy, held, links.page(copy.held_id, copy.recipient, at=at)) for copy, held in rows]


def line_of(copy: Copy, held: Held, link: str = "") -> Line:
    """One mail's line."""
    return Line(
        name=clean(held.from_name) or clean(held.from_address) or "(no sender)",
        address=clean(held.from_address or held.mail_from),
        subject=clean(held.subject) or "(no subject)",
        reason=REASONS.get(held.reason, held.reason),
        held=when(held.held_at),
        expires=when(held.expires_at),
        link=link,
        may_release="release" in copy.permissions.split(),
    )


def when(moment: datetime) -> str:
    """A moment for people, its zone named."""
    return f"{moment.astimezone(UTC):%a %d %b %Y, %H:%M} UTC"


def html(recipient: str, told: Sequence[Line]) -> str:
    """The HTML part."""
    return PAGES.get_template("digest.html").render(recipient=recipient, lines=told)


def text(recipient: str, told: Sequence[Line]) -> str:
    """The text part."""
    return PAGES.get_template("digest.txt").render(recipient=recipient, lines=told)


def build(recipient: str, told: Sequence[Line], *, mail_from: str, message_id: str, at: datetime) -> bytes:
    """The mail as bytes.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    count = len(told)
    return compose(
        mail_from=mail_from,
        to=recipient,
        subject=f"{count} {'mail waits' if count == 1 else 'mails wait'} in your quarantine",
        text=text(recipient, told),
        html=html(recipient, told),
        message_id=message_id,
        at=at,
    )

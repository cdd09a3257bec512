"""A mail made fit to be looked at: its text, its layout without anything that could load, run or lead anywhere, its way here.

What is linear in the mail's size (`preview`) is read apart from the layout (`markup_of`), for which a tree is built: a mail whose
tree is too much is shown without one. `shared.apart` runs both in a process with limits.
"""

from dataclasses import dataclass

from shared.mail.model import Attachment, Hop, Link
from shared.mail.reading import read_mail
from shared.mail.sanitising import HTML_MAX, sanitised

#: Characters of text, fields of a header, characters of one, and links that are shown.
TEXT_MAX, FIELDS_MAX, FIELD_MAX, LINKS_MAX = 100_000, 200, 2_000, 100

#: Characters of sanitised HTML: a tree may be far larger than its source, and is no layout then.
MARKUP_LEFT = 1_000_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mail says of itself, bounded. `markup` is sanitised HTML; nothing else is fit for a page without escaping."""

    subject: str = ""
    text: str = ""
    markup: str = ""  # empty when there is none, or when it takes more than a mail may
    has_markup: bool = False
    is_cut: bool = False  # of text or layout not all is shown
    language: str = ""  # of its text (ISO 639-1), empty when it is not sure
    fields: tuple[tuple[str, str], ...] = ()
    hops: tuple[Hop, ...] = ()
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def preview(raw: bytes) -> Preview:
    """Everything but the markup: linear in the mail's size."""
    mail = read_mail(raw)
    text = mail.text or mail.html_text
    return Preview(
        subject=mail.subject,
        text=text[:TEXT_MAX],
        has_markup=bool(mail.html.strip()),
        is_cut=len(text) > TEXT_MAX or len(mail.html) > HTML_MAX,
        language=mail.language,
        fields=tuple((name, value[:FIELD_MAX]) for name, value in mail.headers[:FIELDS_MAX]),
        hops=mail.hops,
        links=mail.links[:LINKS_MAX],
        attachments=mail.attachments,
    )


def markup_of(raw: bytes) -> str:
    """The HTML body, sanitised. A tree is built for it: this may take more than a mail may."""
    markup = sanitised(read_mail(raw).html)
    return markup if len(markup) <= MARKUP_LEFT else ""

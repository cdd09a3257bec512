"""A mail made fit to be looked at: its text, and its markup without anything that could load, run or lead anywhere."""

from dataclasses import dataclass, field

import nh3

from shared.mail.model import Attachment, Link
from shared.mail.reading import read_mail

#: Markup that is cleaned, in characters: nesting costs the square of its depth (measured: 250 kB of nested tags, 11 s).
MARKUP_MAX = 100_000

#: Text, header lines, links and files that are shown.
SHOWN_TEXT_MAX, HEADERS_MAX, LINKS_MAX, FILES_MAX = 50_000, 80, 100, 50

#: Only what gives a text its shape; no attribute, so no link, picture or style.
TAGS = {
    "p", "br", "div", "span", "b", "i", "strong", "em", "u", "ul", "ol", "li", "table", "thead", "tbody", "tr", "td", "th",
    "blockquote", "pre", "code", "h1", "h2", "h3", "h4", "hr",
}  # fmt: skip

#: Tags that go with everything in them.
DROPPED = {"script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript", "title"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a mail. `markup` is safe HTML, everything else plain text to be escaped."""

    subject: str = ""
    text: str = ""
    markup: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    files: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = field(default=())
    is_cut: bool = False


def preview(raw: bytes) -> Preview:
    """What is shown of a mail; may cost seconds for markup made to hurt: run it apart (`shared.apart`)."""
    mail = read_mail(raw)
    markup = nh3.clean(
        mail.html[:MARKUP_MAX], tags=TAGS, attributes={"*": set()}, generic_attribute_prefixes=set(), clean_content_tags=DROPPED,
        url_schemes=set(), strip_comments=True,
    )  # fmt: skip
    return Preview(
        subject=mail.subject,
        text=mail.text[:SHOWN_TEXT_MAX],
        markup=markup,
        headers=mail.headers[:HEADERS_MAX],
        links=mail.links[:LINKS_MAX],
        files=mail.attachments[:FILES_MAX],
        defects=mail.defects,
        is_cut=len(mail.html) > MARKUP_MAX or len(mail.text) > SHOWN_TEXT_MAX,
    )

"""The leaves of a mail sorted into body and attachments, with everything that can be seen and clicked in them."""

from dataclasses import dataclass, field

from shared.mail import limits
from shared.mail.attachments import read_attachment
from shared.mail.charsets import decode
from shared.mail.codes import AVAILABLE, pictures_in_pdf, texts_in_picture
from shared.mail.defects import Defects
from shared.mail.documents import links_in_office, links_in_pdf
from shared.mail.links import Links
from shared.mail.markup import Page, read_page
from shared.mail.model import Attachment
from shared.mail.structure import Part, Structure, scan
from shared.mail.words import many_lines

_HTML = "text/html"
_TEXT = "text/plain"


@dataclass(slots=True)
class Content:
    """What reading the leaves gathers; flags count HTML attachments, too, because people open them."""

    defects: Defects
    links: Links
    texts: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    attached_pages: list[Page] = field(default_factory=list)
    attached_texts: list[str] = field(default_factory=list)
    attached_sources: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    attached_text_left: int = limits.ATTACHED_TEXT_MAX
    messages_left: int = limits.MESSAGES_MAX
    pictures_left: int = limits.PICTURES_MAX

    @property
    def text(self) -> str:
        return "\n".join(self.texts)[: limits.TEXT_MAX]

    @property
    def html_text(self) -> str:
        return "\n".join(page.text for page in self.pages)[: limits.TEXT_MAX]

    def all_pages(self) -> list[Page]:
        return self.pages + self.attached_pages

    def images(self) -> int:
        """Pictures that are shown: those of the HTML, or the attached ones when it shows none of them."""
        attached = sum(one.real_type == "image" for one in self.attachments)
        return max(attached, sum(page.image_count for page in self.pages))


def read_content(structure: Structure, defects: Defects, links: Links) -> Content:
    """Read every leaf of a mail within the limits; attached mails are listed, and only their links are taken."""
    content = Content(defects, links)
    for part in structure.root.leaves():
        kind = _body_kind(part)
        seen = content.sources if kind == _HTML else content.texts
        if kind and not (part.file_name and seen):
            _body(content, structure, part, kind)
        elif len(content.attachments) < limits.ATTACHMENTS_MAX:
            _attachment(content, structure, part)
        else:
            defects.add("too-many-attachments")
    return content


def _body_kind(part: Part) -> str:
    """`text/plain` or `text/html` for a leaf that mail clients show as the body, else empty."""
    if part.disposition == "attachment":
        return ""
    if part.media_type.startswith("multipart/"):  # no boundary was found: it is shown as it is
        return _TEXT
    return part.media_type if part.media_type in {_TEXT, _HTML} else ""


def _body(content: Content, structure: Structure, part: Part, kind: str) -> None:
    seen, most = (content.sources, limits.HTML_MAX) if kind == _HTML else (content.texts, limits.TEXT_MAX)
    left = most - sum(map(len, seen))
    max_bytes = limits.ENCODED_TEXT_MAX_BYTES if left else 0  # once there is enough, the rest is not even decoded
    text = _text(content, part, structure.content(part, content.defects, max_bytes=max_bytes))
    if len(text) > left or part.end - part.body_start > max_bytes:
        content.defects.add("html-too-long" if kind == _HTML else "text-too-long")
    text = text[:left]
    seen.append(text)
    if kind == _HTML:
        content.pages.append(read_page(text))
        content.links.from_page(content.pages[-1], "html")
        content.links.from_text(content.pages[-1].text, "html")
    else:
        content.links.from_text(text, "text")


def _attachment(content: Content, structure: Structure, part: Part) -> None:
    data = structure.content(part, content.defects)
    found = read_attachment(part, data, content.defects)
    content.attachments.append(found)
    _codes(content, data, found.real_type)
    if found.real_type == "pdf":
        content.links.from_document(links_in_pdf(data))
    elif found.real_type.startswith("ooxml"):
        content.links.from_document(links_in_office(data))
    else:
        _attached_links(content, part, data, found.real_type, depth=1)


def _codes(content: Content, data: bytes, real_type: str) -> None:
    if not AVAILABLE or real_type not in {"image", "pdf"} or len(data) > limits.PICTURE_MAX_BYTES:
        return
    for picture in [data] if real_type == "image" else pictures_in_pdf(data):
        if content.pictures_left > 0:
            content.pictures_left -= 1
            for text in texts_in_picture(picture):
                content.links.from_text(text, "code")


def _attached_links(content: Content, part: Part, data: bytes, real_type: str, *, depth: int) -> None:
    if real_type == "mail" and depth <= limits.MESSAGES_DEPTH_MAX and content.messages_left > 0:
        content.messages_left -= 1
        inner = scan(data, Defects())  # what is broken in there says nothing of this mail
        for leaf in inner.root.leaves():
            kind = {_HTML: "html", "message/rfc822": "mail"}.get(leaf.media_type, "")
            _attached_links(content, leaf, inner.content(leaf, Defects()), kind, depth=depth + 1)
    elif real_type == "html" or part.media_type.startswith(("text/", "multipart/")):
        text = _text(content, part, data[: content.attached_text_left])
        content.attached_text_left -= len(text)
        if real_type == "html":
            content.attached_pages.append(read_page(text))
            content.attached_sources.append(text)
            content.links.from_page(content.attached_pages[-1], "attachment")
        content.attached_texts.append(
            content.attached_pages[-1].text if real_type == "html" else _unescaped(part, text)
        )
        content.links.from_text(text, "attachment")


def _unescaped(part: Part, text: str) -> str:
    """An attached text as it is read; lines and commas of a calendar are escaped (RFC 5545, sections 3.1 and 3.3.11)."""
    if part.media_type != "text/calendar":
        return text
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    return unfolded.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")


def _text(content: Content, part: Part, data: bytes) -> str:
    words = part.parameters.get("charset", "").split()
    text, true = decode(data, words[0] if words else "")
    if not true:
        content.defects.add("bad-charset")
    return many_lines(text, limits.TEXT_MAX)

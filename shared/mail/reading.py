"""Raw bytes to a `Mail`: the one place that puts all readers together."""

import hashlib
import re

from shared.mail import limits
from shared.mail.addresses import first_address, read_addresses
from shared.mail.authentication import read_authentication
from shared.mail.content import read_content
from shared.mail.dates import read_date
from shared.mail.defects import Defect, Defects
from shared.mail.fields import Block, read_block
from shared.mail.language import language_of
from shared.mail.likeness import likeness, sketch
from shared.mail.links import Links
from shared.mail.model import Address, Mail
from shared.mail.received import read_hops
from shared.mail.structure import line_view, scan
from shared.mail.words import decode_words, one_line

_IN_BRACKETS = re.compile(rf"<([^<>]{{1,{limits.IDENTIFIER_MAX}}})>")
#: What a reader may raise on bytes that nobody foresaw: the mail is then unreadable, and the service lives on.
_READER_FAILURES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def read_mail(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> Mail:
    """Read a mail as far as the limits go; linear in its size.

    Args:
        raw: the mail as it was received (RFC 5322), any bytes at all.
        own_authserv_ids: names under which the own gateways write Authentication-Results (RFC 8601, section 2.5). Only
            theirs are believed; when there are none, the topmost is.

    Returns:
        The mail. What was cut, broken or guessed is named in its `defects`; hash and size are those of `raw`.
    """
    defects = Defects()
    if len(raw) > limits.MAIL_MAX_BYTES:
        defects.add("mail-too-large")
    try:
        return _read(raw, own_authserv_ids, defects)
    except _READER_FAILURES:
        return read_head(raw, "unreadable", defects=defects)


def read_head(raw: bytes, *words: Defect, defects: Defects | None = None) -> Mail:
    """A mail of which nothing but its header can be read, and the defects that say why."""
    defects = defects or Defects()
    for word in words:
        defects.add(word)
    view = line_view(raw, defects)
    block = read_block(view, 0, len(view), max_bytes=limits.HEADER_BLOCK_MAX_BYTES, defects=defects)
    return Mail(
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        headers=tuple((field.name, _line(field.value, limits.FIELD_VALUE_MAX)) for field in block.fields),
        defects=defects.words(),
    )


def _read(raw: bytes, own_authserv_ids: frozenset[str], defects: Defects) -> Mail:
    structure = scan(raw, defects)
    head = structure.root.block
    links = Links(defects)
    subject = _line(head.first("subject"), limits.SUBJECT_MAX)
    links.from_text(subject, "subject")
    content = read_content(structure, defects, links)
    plain, html_text, pages = content.text, content.html_text, content.all_pages()
    has_plain = bool(plain.strip())
    return Mail(
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        headers=tuple((field.name, _line(field.value, limits.FIELD_VALUE_MAX)) for field in head.fields),
        message_id=_identifier(head.first("message-id")),
        from_=_author(head, defects),
        sender=first_address(head.first("sender")),
        reply_to=first_address(head.first("reply-to")),
        return_path=first_address(head.first("return-path")).address,
        to=_recipients(head.first("to"), defects),
        subject=subject,
        date=_date(head.first("date"), defects),
        list_id=_identifier(head.first("list-id")).lower(),
        list_unsubscribe=_line(head.first("list-unsubscribe"), limits.URL_MAX),
        hops=read_hops(field.value for field in head.fields if field.name == "received"),
        authentication=read_authentication(head.fields, own_authserv_ids),
        language=language_of(plain if has_plain else html_text),
        mailto=links.mailto(),
        text=plain if has_plain else html_text,
        html="\n".join(content.sources)[: limits.HTML_MAX],
        html_text=html_text,
        attached_text="\n".join(content.attached_texts)[: limits.TEXT_MAX],
        attached_html="\n".join(content.attached_sources)[: limits.HTML_MAX],
        image_count=content.images(),
        has_form=any(page.has_form for page in pages),
        has_password_field=any(page.has_password_field for page in pages),
        has_script=any(page.has_script for page in pages),
        links=links.all(),
        attachments=tuple(content.attachments),
        body_hash=likeness(html_text or plain, (link.host for link in links.all() if link.place != "attachment")),
        sketch=sketch(html_text or plain),
        defects=defects.words(),
    )


def _line(value: str, limit: int) -> str:
    return one_line(decode_words(value), limit)


def _author(head: Block, defects: Defects) -> Address:
    values = [field.value for field in head.fields if field.name == "from"]
    if not head.fields:
        defects.add("no-header")
    if len(values) > 1:
        defects.add("repeated-from")
    author = first_address(values[0]) if values else Address()
    if not values:
        defects.add("no-from")
    elif not author.address:
        defects.add("bad-from")
    return author


def _recipients(value: str, defects: Defects) -> tuple[Address, ...]:
    found = read_addresses(value, max_chars=limits.RECIPIENTS_FIELD_MAX)
    if len(found) == limits.ADDRESSES_MAX or len(value) > limits.RECIPIENTS_FIELD_MAX:
        defects.add("too-many-addresses")
    return found


def _date(value: str, defects: Defects) -> str:
    date = read_date(value)
    if value and not date:
        defects.add("bad-date")
    return date


def _identifier(value: str) -> str:
    """What stands in angle brackets, else the first word."""
    found = _IN_BRACKETS.search(value)
    words = [found[1]] if found else value.split(maxsplit=1)
    return one_line(words[0], limits.IDENTIFIER_MAX) if words else ""

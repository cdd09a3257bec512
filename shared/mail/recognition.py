"""Is it a mail at all, did a machine send it, and what does the subject of a report say."""

import re
from collections.abc import Collection

from shared.events.vocabulary import ReportCategory
from shared.mail import limits
from shared.mail.addresses import first_address
from shared.mail.defects import Defects
from shared.mail.fields import read_block
from shared.mail.model import Mail
from shared.mail.outlook import MSG
from shared.mail.words import decode_words

_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]{0,20}:(?!//)")  # RFC 5322, section 2.2: printable ASCII but the colon
_PAGE = re.compile(rb"(?i)<(?:!doctype|html|head|body|\?xml)")
_LOOK_BYTES = 64 * 1024
_BLANK_LINE = re.compile(rb"\n\r{0,2}\n|\r\r(?!\n)")
_NULS_MAX = 0.1  # of the header: one damaged on its way has single NULs, a binary every few bytes

#: How the Message-IDs of our own mails end.
OWN_MESSAGE_IDS = "@longstop"

_LIST_PRECEDENCES = frozenset({"list", "bulk", "junk", "auto_reply"})

#: Local parts of mailboxes that take reports.
_REPORT_MAILBOXES = ("phish", "junk", "notjunk", "report", "abuse", "spam", "phishing")

#: How the subjects of report buttons begin: KnowBe4's, Cofense's, Proofpoint's.
_BUTTONS = ("[phish alert]", "[user reported]", "[suspicious email]", "potential phish:", "suspicious email:")

_PREFIXES: tuple[tuple[tuple[str, ...], ReportCategory], ...] = (
    (("1|", "junk:"), "junk"),
    (("2|", "not junk:"), "not_junk"),
    (("3|", "phishing:"), "phishing"),
)


def is_mail(raw: bytes) -> str:
    """Why these bytes are no mail, in one sentence; the empty string when they look like one (RFC 5322).

    A mail that breaks rules is a mail: one header field among the first lines is enough.
    """
    if not raw.strip():
        return "the mail is empty"
    look = raw[:_LOOK_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if look.startswith(MSG):
        return "this is an Office file, no mail: send the raw mail (RFC 5322) or Outlook's .msg"
    head = _BLANK_LINE.split(look[: limits.SNIFF_BYTES], maxsplit=1)[0]  # a body may be binary (RFC 3030)
    if head.count(0) > _NULS_MAX * len(head):
        return "this is a binary file, no mail: send the raw mail (RFC 5322)"
    if _PAGE.match(look):
        return "this is a web page, no mail: send the raw mail with its headers (RFC 5322)"
    lines = re.split(rb"\r\r\n|\r\n|\n|\r", look)[: limits.MAIL_LOOK_LINES]
    if not any(_FIELD.match(line) for line in lines):
        return "this is no mail: there is no header field at its beginning (RFC 5322)"
    return ""


def is_report_mail(raw: bytes) -> bool:
    """Whether a mail was sent to report another: by its subject, or to whom it went. Anybody may write so."""
    block = read_block(raw, 0, len(raw), max_bytes=_LOOK_BYTES, defects=Defects())
    subject = decode_words(block.first("subject")).strip().lower()
    if subject.startswith(_BUTTONS) or any(subject.startswith(prefixes) for prefixes, _ in _PREFIXES):
        return True
    to = first_address(block.first("to")).address
    return to.partition("@")[0].partition("+")[0].lower() in _REPORT_MAILBOXES


def why_automatic(mail: Mail, own_domains: Collection[str] = ()) -> str:
    """Why nobody may take this mail for a person's words, in one sentence; the empty string when it may be one's.

    Automatic answers (RFC 3834, section 5), what came over a mailing list (RFC 2369, RFC 2919), and mails of our own. A list
    below `own_domains` is the organisation's own: a group that the report mailbox is a member of.
    """
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return "a machine sent it (Auto-Submitted): it is no report"
    is_list = mail.header("precedence").strip().lower() in _LIST_PRECEDENCES or mail.list_id or mail.header("list-post")
    if is_list and not came_over_own_list(mail, own_domains):
        return "it came over a mailing list: it is no report"
    if mail.message_id.endswith(OWN_MESSAGE_IDS):
        return "it is one of our own mails: it is no report"
    return ""


def came_over_own_list(mail: Mail, own_domains: Collection[str]) -> bool:
    """Whether its List-Id (RFC 2919) is in one of these domains."""
    return any(mail.list_id.lower().endswith(f".{domain}") for domain in own_domains)


def category_of_subject(subject: str) -> tuple[ReportCategory, bool]:
    """What the subject's prefix of a report mail says, and whether phishing was taken because it says nothing.

    The prefixes are those that Microsoft documents for third-party report buttons, in any case.
    """
    start = subject.strip().lower()
    for prefixes, category in _PREFIXES:
        if start.startswith(prefixes):
            return category, False
    return "phishing", True

"""Why a mail was delivered, what to change, and what to block: from what the mail itself carries."""

import re
from collections.abc import Collection, Iterator

from services.submission.analysers.offline.attachments import DOUBLE_NAME, PROGRAM_NAME
from services.submission.analysers.offline.lists import FREE_HOSTING, FREEMAIL, SHORTENERS, under
from services.submission.analysers.offline.view import View, quoted
from shared.events import ProposedBlock
from shared.events.vocabulary import BAD_CATEGORIES, Cause, VerdictCategory
from shared.mail import Attachment

#: Names by which filters note that an allow list decided (Rspamd symbols, SpamAssassin tests).
_ALLOWED = re.compile(
    r"\b(?:WHITELIST\w{0,40}|ALLOWLIST\w{0,40}|USER_IN_(?:WHITE|WELCOME|ALL_SPAM_TO)\w{0,20}|\w{0,30}_ALLOW_?LIST\w{0,20})\b"
)
_BY_USER = re.compile(r"\bUSER_IN_\w{1,40}\b")

_FILTER_HEADERS = ("x-spamd-result", "x-spam-status", "x-rspamd-report", "x-spam-report")

#: Hosts proposed for blocking from one mail.
HOSTS_MAX = 10

_BY_CAUSE: dict[Cause, str] = {
    "allowed_by_tenant": "Remove the allow entry of the gateway that let it in; the filter's own header names it.",
    "allowed_by_user": "Take the sender off the recipient's own list of safe senders.",
    "authenticated_sender": "Block the sender: {} vouches for this mail, so authentication will not stop the next one.",
    "no_authentication": "Treat mail without SPF, DKIM and DMARC as doubtful at the gateway.",
}

_BY_SIGNAL: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"own_domain_forged", "dmarc_fail"}),
        "Let the gateway reject mail that fails DMARC where the domain's owner asks for it.",
    ),
    (
        frozenset({"own_domain_lookalike", "own_name_foreign_domain"}),
        "Mark mail from outside that carries your own name, and tell the people it was sent to.",
    ),
    (
        frozenset(
            {
                "program_attached",
                "double_extension",
                "disk_image",
                "macro_document",
                "archive_with_program",
                "html_attachment",
            }
        ),
        "Refuse programs, disk images and web pages as attachments at the gateway.",
    ),
    (frozenset({"locked_archive"}), "Hold locked archives at the gateway until their recipient asks for them."),
    (
        frozenset({"shortener", "free_hosting"}),
        "Block the full link rather than its host: honest mail uses the host too.",
    ),
)

DANGEROUS = ("exe", "iso", "ooxml-macro")


def cause(category: VerdictCategory, view: View) -> Cause:
    """Why it was delivered."""
    if category not in BAD_CATEGORIES:
        return "undetermined"
    notes = " ".join(view.mail.header(name) for name in _FILTER_HEADERS)
    if _BY_USER.search(notes):
        return "allowed_by_user"
    if _ALLOWED.search(notes):
        return "allowed_by_tenant"
    checked = view.mail.authentication
    if checked.dmarc == "pass":
        return "authenticated_sender"
    if "pass" not in (checked.spf, checked.dkim, checked.dmarc) and view.mail.header("authentication-results"):
        return "no_authentication"
    return "filter_missed"


def recommendations(category: VerdictCategory, view: View, signals: Collection[str]) -> tuple[str, ...]:
    """What to change, one sentence each, most useful first."""
    return tuple(_recommendations(category, view, signals))


def _recommendations(category: VerdictCategory, view: View, signals: Collection[str]) -> Iterator[str]:
    if category == "bulk":
        yield "It is a newsletter: unsubscribe with its own link, or let a rule file such mail."
    if category == "unknown":
        yield "Nothing here decides it: have a person look at the mail and at who else got it."
    if category in BAD_CATEGORIES:
        why = cause(category, view)
        if why in _BY_CAUSE:
            yield _BY_CAUSE[why].format(quoted(view.mail.from_.domain))
        for wanted, words in _BY_SIGNAL:
            if wanted.intersection(signals):
                yield words
        yield "Find out who else got it, and ask whether anybody followed it."


def blocks(category: VerdictCategory, view: View) -> tuple[ProposedBlock, ...]:
    """Entries that would have stopped it: what it really came from and led to, never what it forged or shares."""
    if category not in BAD_CATEGORIES:
        return ()
    return tuple(dict.fromkeys([*_sender(view), *_hosts(view), *_files(view)]))


def _sender(view: View) -> Iterator[ProposedBlock]:
    """Its address, unless DMARC says that somebody else wrote it: that block would hit the one it was stolen from."""
    sender = view.mail.from_
    if view.mail.authentication.dmarc == "fail":
        return
    if sender.address and "." in sender.domain and not under(sender.domain, view.own_domains):
        yield ProposedBlock(kind="address", value=sender.address)


def _hosts(view: View) -> Iterator[ProposedBlock]:
    shared = SHORTENERS | FREE_HOSTING | FREEMAIL
    hosts = dict.fromkeys(link.host for link in view.web_links)
    for host in list(hosts)[:HOSTS_MAX]:
        if not under(host, shared) and not under(host, view.own_domains):
            yield ProposedBlock(kind="url", value=host)


def _files(view: View) -> Iterator[ProposedBlock]:
    for attachment in view.mail.attachments:
        if _is_dangerous(attachment):
            yield ProposedBlock(kind="file", value=attachment.sha256)


def _is_dangerous(attachment: Attachment) -> bool:
    names = (attachment.name, *attachment.members)
    return (
        attachment.real_type in DANGEROUS
        or attachment.encrypted
        or any(PROGRAM_NAME.search(name) or DOUBLE_NAME.search(name) for name in names)
    )

"""Why a mail was delivered and what to change, from what the mail itself carries."""

import re
from collections.abc import Collection, Iterator

from services.submission.analysers.offline.view import View, quoted
from shared.events.vocabulary import BAD_CATEGORIES, Cause, VerdictCategory

#: Where filters note what they did. A sender may forge such a header: it says why, it never says that a mail is good.
_FILTER_HEADERS = (
    "x-spamd-result",
    "x-spam-status",
    "x-rspamd-report",
    "x-spam-report",
    "x-forefront-antispam-report",
)

# Rspamd symbols and SpamAssassin tests of allow lists; SFV codes of Exchange Online (anti-spam message headers):
# SFE the user's safe senders, SKA the tenant's allowed senders, SKN a mail flow rule.
_BY_USER = re.compile(r"\bUSER_IN_\w{1,40}\b|\bSFV:SFE\b")
_BY_TENANT = re.compile(
    r"\b(?:\w{0,30}_)?(?:WHITELIST|WELCOMELIST|ALLOWLIST|ALLOW_LIST|WHITE_LIST)\w{0,40}\b|\bALL_SPAM_TO\b|\bSFV:SK[AN]\b"
)

_BY_CAUSE: dict[Cause, str] = {
    "allowed_by_tenant": "Remove the allow entry of the gateway that let it in; the filter's own header names it.",
    "allowed_by_user": "Take the sender off the recipient's own list of safe senders.",
    "authenticated_sender": "Block the sender: {} vouches for this mail, so authentication will not stop the next one.",
    "no_authentication": "Let the gateway treat mail without SPF, DKIM and DMARC as doubtful.",
}

_BY_SIGNAL: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"program_attached", "double_extension", "disk_image", "macro_document", "archive_with_program"}),
        "Let the gateway refuse programs, disk images and documents with macros.",
    ),
    (
        frozenset({"html_attachment", "html_smuggling"}),
        "Let the gateway refuse attached web pages, or hold them until their recipient asks for them.",
    ),
    (
        frozenset({"locked_archive", "locked_document"}),
        "Let the gateway hold locked files until their recipient asks for them.",
    ),
    (
        frozenset({"own_domain_forged", "dmarc_fail"}),
        "Let the gateway reject mail that fails DMARC where the domain's owner asks for it.",
    ),
    (
        frozenset({"own_domain_lookalike", "own_name_foreign_domain", "own_domain_in_link"}),
        "Mark mail from outside that carries your own name, and block the look-alike domain.",
    ),
    (
        frozenset({"brand_in_name", "brand_disguised", "brand_lookalike"}),
        "Let the gateway check that a well-known name in From comes from one of its own domains.",
    ),
    (
        frozenset({"reply_to_freemail", "reply_to_other_mailbox", "advance_fee"}),
        "Tell whoever answered to stop: the mailbox behind Reply-To belongs to the fraudster.",
    ),
    (
        frozenset({"shortener", "free_hosting"}),
        "Block the full link rather than its host: honest mail uses the host too.",
    ),
)

_ASK_AROUND = "Find out who else got it, and ask whether anybody followed it."


def cause(category: VerdictCategory, view: View) -> Cause:
    """Why a bad mail was delivered; `undetermined` for others, and where no gateway left a note."""
    if category not in BAD_CATEGORIES:
        return "undetermined"
    notes = " ".join(view.mail.header(name) for name in _FILTER_HEADERS)
    if _BY_USER.search(notes):
        return "allowed_by_user"
    if _BY_TENANT.search(notes):
        return "allowed_by_tenant"
    checked = view.mail.authentication
    results = {checked.spf, checked.dkim, checked.dmarc} - {None}
    if checked.dmarc == "pass":
        return "authenticated_sender"
    if results and "pass" not in results:
        return "no_authentication"
    return "filter_missed" if results or notes.strip() else "undetermined"


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
        if category != "spam":
            yield _ASK_AROUND
        for wanted, words in _BY_SIGNAL:
            if wanted.intersection(signals):
                yield words

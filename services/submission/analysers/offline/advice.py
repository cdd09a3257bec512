"""Why a mail was delivered and what to change, from what the mail itself carries."""

from collections.abc import Collection, Iterator

from services.submission.analysers.offline.overrides import override_of, was_filtered
from services.submission.analysers.offline.proposals import is_shared
from services.submission.analysers.offline.view import View, quoted
from shared.events.vocabulary import BAD_CATEGORIES, Cause, VerdictCategory

_BY_CAUSE: dict[Cause, str] = {
    "authenticated_sender": "Block the sender: this mail really came from {}, so no check of the sender will stop the next one.",
    "new_sender": "Let the gateway mark the first mails of a sender that it has not seen before, as {} was.",
    "no_authentication": "Let the gateway mark or hold mail like this one, whose sender nothing proves (SPF, DKIM and DMARC).",
}

#: What to do at once, by what the mail wants. The first that fits is said.
_AT_ONCE: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset(
            {
                "program_attached",
                "double_extension",
                "disk_image",
                "macro_document",
                "archive_with_program",
                "html_smuggling",
                "picture_runs",
                "odd_container",
                "locked_archive",
            }
        ),
        "Find out who opened the attachment, and have those computers looked at before they are used again.",
    ),
    (
        frozenset({"extortion"}),
        "Nobody needs to pay or to answer: such mails are sent to millions, and what they claim to have is made up.",
    ),
    (
        frozenset({"chief", "gift_cards", "new_account"}),
        "Do and pay nothing because of this mail: ask the person it names, by a telephone number that you already had.",
    ),
    (
        frozenset({"callback", "stranger_note"}),
        "Do not call the number in it; whoever did should say so, and let nobody into their computer.",
    ),
    (
        frozenset({"advance_fee", "romance", "reply_to_freemail", "reply_to_other_mailbox", "mailbox_in_text"}),
        "Ask whether anybody answered, and tell them to stop and to send no money: the answers go to the fraudster.",
    ),
    (
        frozenset({"crypto_lure"}),
        "Ask who followed it: whoever typed in the words of a wallet should move what is in it to a new one at once.",
    ),
    (
        frozenset({"parcel", "payment"}),
        "Find out who else got it and followed it; whoever typed in a card or a password should have the card stopped, and change the password.",
    ),
    (
        frozenset(
            {
                "credentials",
                "password_form",
                "html_attachment",
                "script_url",
                "code_to_scan",
                "brand_in_name",
                "brand_lookalike",
                "own_domain_forged",
            }
        ),
        "Find out who else got it and followed it; whoever typed in a password should change it now, wherever else it is used.",
    ),
)

#: What is said of a proven sender whose domain is everybody's.
_PRIVATE = "Block the address {}, not its domain: the mail really came from it, so no check of the sender will stop the next one."
_PLATFORM = "Report this to {} as abuse rather than block it: the mail really came from there, written by a customer, beside much honest mail."

_ASK_AROUND = "Find out who else got it, and ask whether anybody followed it."

#: What to change at the gateway, by what it let pass.
_BY_SIGNAL: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"program_attached", "double_extension", "disk_image", "macro_document", "archive_with_program"}),
        "Let the gateway refuse programs, disk images and documents with macros.",
    ),
    (
        frozenset({"odd_container"}),
        "Let the gateway hold files of kinds that your people do not use until their recipient asks for them.",
    ),
    (
        frozenset({"html_attachment", "html_smuggling", "picture_runs"}),
        "Let the gateway refuse attached web pages, or hold them until their recipient asks for them.",
    ),
    (
        frozenset({"locked_archive", "locked_document"}),
        "Let the gateway hold locked files until their recipient asks for them.",
    ),
    (
        frozenset({"own_domain_forged", "recipient_domain_forged"}),
        "Let the gateway reject mail from outside that claims to be from {domain}: publish DMARC for it with p=reject.",
    ),
    (
        frozenset({"dmarc_fail"}),
        "Let the gateway reject or hold mail that fails DMARC, as this one from {domain} did.",
    ),
    (
        frozenset({"own_domain_lookalike", "own_name_foreign_domain", "own_domain_in_link"}),
        "Mark mail from outside that carries your own name, and block the look-alike domain.",
    ),
    (
        frozenset({"own_person_foreign_address", "chief"}),
        "Let the gateway mark mail from outside that bears the name of one of your people.",
    ),
    (
        frozenset({"brand_in_name", "brand_disguised", "brand_lookalike"}),
        "Let the gateway check that a well-known name in From comes from one of its own domains.",
    ),
    (
        frozenset({"qr_link"}),
        "Remind people to scan no code in a mail that asks for a sign-in: what a telephone opens, no gateway sees.",
    ),
    (
        frozenset({"shortener", "free_hosting"}),
        "Block the full link rather than its host: honest mail uses the host too.",
    ),
    (
        frozenset({"cold_offer", "remove_me", "leaving_elsewhere"}),
        "Neither answer it nor unsubscribe: both tell that somebody reads the mailbox.",
    ),
)


def cause(category: VerdictCategory, view: View) -> Cause:
    """Why a bad mail was delivered; `undetermined` for others, and where no gateway left a note."""
    if category not in BAD_CATEGORIES:
        return "undetermined"
    if override := override_of(view):
        return override.cause
    checked = view.mail.authentication
    results = {checked.spf, checked.dkim, checked.dmarc} - {None}
    if checked.dmarc == "pass" or (view.own_signature and view.own_signature.fits):
        return "authenticated_sender"
    if results and "pass" not in results:
        return "no_authentication"
    if view.specimen.sender_is_new:
        return "new_sender"
    return "filter_missed" if results or was_filtered(view) else "undetermined"


def _of_sender(why: Cause, view: View) -> str:
    """What to do about senders like this one."""
    sender = view.mail.from_
    if why == "authenticated_sender" and view.is_freemail:
        return _PRIVATE.format(quoted(sender.address))
    if why == "authenticated_sender" and is_shared(sender):
        return _PLATFORM.format(quoted(sender.domain))
    return _BY_CAUSE[why].format(quoted(sender.domain) or "nowhere")


def recommendations(category: VerdictCategory, view: View, signals: Collection[str]) -> tuple[str, ...]:
    """What to change, one sentence each, most useful first."""
    return tuple(_recommendations(category, view, signals))


def _recommendations(category: VerdictCategory, view: View, signals: Collection[str]) -> Iterator[str]:
    if category == "bulk":
        yield "It is a newsletter: unsubscribe with its own link, or let a rule file such mail."
    if category == "unknown":
        yield "What is seen here is too little to call it bad or good: have a person look at it and at who else got it."
    if category in BAD_CATEGORIES:
        why = cause(category, view)
        if override := override_of(view):
            yield override.advice
        if category != "spam":
            yield next((words for wanted, words in _AT_ONCE if wanted.intersection(signals)), _ASK_AROUND)
        if not override and why in _BY_CAUSE:
            yield _of_sender(why, view)
        for wanted, words in _BY_SIGNAL:
            if wanted.intersection(signals):
                yield words.format(domain=quoted(view.mail.from_.domain) or "nowhere")

"""What it asks of people at work, and where their answers, payments and calls would go."""

import re
from collections.abc import Iterator

from services.submission.analysers.offline.phrases import FAMILIES
from services.submission.analysers.offline.view import STORY, Seen, Signals, View, quoted
from shared.known import BRAND_DOMAINS, FREEMAIL, under

#: Families of phrases that make a code worth scanning for a fraud.
LURES = ("credentials", "urgency", "documents", "payment")

#: Characters behind the word "note" in which a platform's customer says what it likes.
NOTE = 700

WHERE = "text"

_OFFICE = re.compile(
    r"\b(?:dept|department|billing|accounts? (?:payable|receivable|department|team)|help ?desk|it (?:support|desk|admin)|customer (?:care|support|service)"
    r"|human resources|payroll|chief executive|ceo|cfo|managing director|director|administrator|security team|renewal|refunds?|order confirmation"
    r"|receipt|invoices?|finance (?:team|department)|buchhaltung|geschaftsfuhr\w{0,6}|personalabteilung|kundenservice|comptabilite|service client"
    r"|direction generale|ressources humaines|contabilidad|recursos humanos|atencion al cliente|contabilidade|atendimento|contabilita|amministrazione|"
    r"ksiegowosc|klantenservice)\b"
)
_MAILBOX = re.compile(r"(?<![\w.+:/-])[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,4}[a-z]{2,12})")
_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,7}(?: ?[a-z0-9]{1,3})?\b")
_NOTE = re.compile(r"\b(?:notes?|message|memo|notiz|mitteilung|nachricht|remarque|mensaje|nota|messaggio|bericht)\b")
_TELEPHONE = re.compile(r"(?<![\w+])\+?\d{1,3}[ .-]{0,2}\(?\d{3}\)?[ .-]{0,3}\d{3}[ .-]{0,3}\d{4}(?!\d)")


def signals(view: View) -> Signals:
    """What offices are asked, in other mail than that of colleagues and talks on lists."""
    if view.is_conversation or view.is_own_and_proven:
        return
    if not view.is_list:
        yield from _office(view)
        yield from _mailbox(view)
        yield from _note(view)
        yield from _code(view)
    yield from _account(view)


def _office(view: View) -> Signals:
    """A department that writes, or is answered, at a private mailbox."""
    answer = view.mail.reply_to.domain
    private = view.mail.from_.domain if view.is_freemail else answer if answer in FREEMAIL else ""
    if private and (office := _OFFICE.search(view.name[:200])):
        text = f"It calls itself “{quoted(office[0])}”, but its mailbox at {quoted(private)} is a private one."
        yield Seen("office_on_freemail", text, "header From")


def _mailbox(view: View) -> Signals:
    """A private mailbox named in the text, that is neither the sender's nor the reader's: where the fraud goes on."""
    if view.may_be_left:
        return
    known = {view.mail.from_.address.lower(), view.mail.reply_to.address.lower(), *view.recipients}
    named = (found for found in _MAILBOX.finditer(view.body[:STORY]) if found[1] in FREEMAIL and found[0] not in known)
    if found := next(named, None):
        text = f"It wants to be answered at another private mailbox than its sender's, at {quoted(found[1])}."
        yield Seen("mailbox_in_text", text, WHERE)


def _note(view: View) -> Signals:
    """A stranger's words inside a platform's own mail, with a number to call."""
    if view.mail.authentication.dmarc != "pass" or not under(view.mail.from_.domain, BRAND_DOMAINS) or view.is_freemail:
        return
    story = view.text[:STORY]
    if any(_TELEPHONE.search(note) and len(FAMILIES["callback"].count(note)) >= 2 for note in _notes(story)):
        text = "A stranger's note inside an honest platform's mail bills for something, and gives a number to call."
        yield Seen("stranger_note", text, WHERE)


def _notes(story: str) -> Iterator[str]:
    for _, found in zip(range(5), _NOTE.finditer(story), strict=False):
        yield story[found.end() : found.end() + NOTE]


def _code(view: View) -> Signals:
    """A code in a picture that leads to a stranger, in a mail that lures, or that says nothing else."""
    strangers = [link.host for link in view.web_links if link.place == "code" and not under(link.host, {view.from_org})]
    if not strangers or view.may_be_left:
        return
    story = view.text[:STORY]
    lures = any(FAMILIES[family].first(story) for family in LURES)
    if (lures and FAMILIES["scan"].first(story)) or not view.body.strip():
        text = f"All that it asks for is behind a code for a telephone, which leads to {quoted(strangers[0])}."
        yield Seen("code_to_scan", text, "QR code")


def _account(view: View) -> Signals:
    """Another account for a bill."""
    story = view.text[:STORY]
    told = FAMILIES["new_account"].first(story)
    if told and (account := _IBAN.search(story)):
        text = f"It says that money must go to another account than before: “{quoted(told)}”, {quoted(account[0][:4])}…"
        yield Seen("new_account", text, WHERE, 0.5 if FAMILIES["payment"].first(story) else 1.0)  # that says the same

"""How subject and sender are written: tricks against filters and readers."""

import re
import unicodedata

from services.submission.analysers.offline.folding import INVISIBLE, PULLED_APART
from services.submission.analysers.offline.view import STORY, Seen, Signals, View, quoted
from shared.known import FREEMAIL, under

_REPLY = re.compile(r"(?i)^\s{0,5}(?:re|aw|antw|fw|fwd|wg|tr|rv|sv|enc|res)\s?:")
_WORD = re.compile(r"\w{4,60}")
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\uff21-\uff3a\uff41-\uff5a\u1d00-\u1d22\u0262\u026a\u0274\u0280\u0299\u029c\u029f\ua731]{3}"
)
_LATIN = re.compile(r"[a-z0-9]{2,100}")
_PICTURES = re.compile("[\u2600-\u27bf\u2b50\u23e9-\u23ff\U0001f300-\U0001faff]")
_LINK = re.compile(r"(?i)https?://|\bwww\.|\b[a-z0-9-]{1,63}\.[a-z]{2,12}/[\w-]")
_SUBJECT_JOINERS = str.maketrans("", "", "\u200d\ufe0e\ufe0f")  # emoji are made with them

#: Body text that is looked at for mixed alphabets, in characters.
MIXED_TEXT = 2_000


#: So many words make a text; it is filler when fewer than this share can be spoken: with vowels enough, and not too long.
FILLER_WORDS, FILLER_SHARE = 30, 0.3
VOWELS_MIN, LONGEST_WORD = 0.15, 20


def signals(view: View) -> Signals:
    """What the writing gives away."""
    mail = view.mail
    if _REPLY.match(mail.subject) and not (mail.header("in-reply-to") or mail.header("references") or view.is_list):
        yield Seen("fake_reply", "Its subject says that it answers a mail, but it answers none.", "header Subject")
    head = f"{mail.from_.name} {mail.subject}"
    if INVISIBLE.search(head.translate(_SUBJECT_JOINERS)):
        text = "There are invisible characters in its subject or sender."
        yield Seen("hidden_characters", text, "headers From and Subject")
    if _STYLED.search(head):
        text = "Its subject or sender is written in mathematical, wide or small-capital letters, which filters do not read as words."
        yield Seen("styled_letters", text, "headers From and Subject")
    if not view.is_list and PULLED_APART.search(f"{view.name} | {view.subject}"):
        text = "It pulls words apart with points or dashes, so that filters do not read them."
        yield Seen("words_pulled_apart", text, "headers From and Subject")
    mixed = next((word for word in _WORD.findall(f"{head} {mail.text[:MIXED_TEXT]}") if _is_mixed(word)), "")
    if mixed:
        text = f"It hides words from filters with letters of other alphabets: “{quoted(mixed)}”."
        yield Seen("mixed_scripts", text, "text")
    if _PICTURES.search(mail.from_.name) and not (view.is_list or view.may_be_left):
        text = "There are pictures or signs in its sender's name, to be seen among others."
        yield Seen("picture_in_name", text, "header From")
    if not view.is_list:
        yield from _subject(view)
        yield from _filler(view)


def _subject(view: View) -> Signals:
    where = "header Subject"
    if any(recipient in view.subject for recipient in view.recipients):
        text = "Its subject shows the recipient's address where a name would stand."
        yield Seen("recipient_in_subject", text, where)
    elif view.from_org not in view.link_orgs and any(domain in view.subject for domain in _their_domains(view)):
        yield Seen("recipient_domain_in_subject", "A stranger's subject speaks of the recipient's own domain.", where)
    if _LINK.search(view.mail.subject):
        yield Seen("link_in_subject", "There is a link in its subject.", where)


def _filler(view: View) -> Signals:
    """Text that no person wrote and nobody can read; colleagues' machines send logs."""
    if view.is_plausibly_own:
        return
    words = [word for word in _LATIN.findall(view.body[:STORY]) if not word.isdigit()]
    if len(words) >= FILLER_WORDS and sum(map(_is_pronounceable, words)) < FILLER_SHARE * len(words):
        text = (
            f"Its text is filler that nobody can read, to hide the rest from filters: “{quoted(' '.join(words[:4]))}”."
        )
        yield Seen("filler", text, "text")


def _is_pronounceable(word: str) -> bool:
    vowels = sum(char in "aeiouy" for char in word)
    return word.isalpha() and len(word) <= LONGEST_WORD and VOWELS_MIN * len(word) <= vowels


def _their_domains(view: View) -> set[str]:
    """The domains of recipients, unless the sender is from there or everybody may be."""
    domains = {recipient.rpartition("@")[2] for recipient in view.recipients} - FREEMAIL
    return {domain for domain in domains if "." in domain and not under(view.mail.from_.domain, {domain})}


def _is_mixed(word: str) -> bool:
    """Whether a word has Latin letters and Cyrillic or Greek ones that no unit or formula has."""
    if word.isascii():
        return False
    letters = [char for char in word if char.isalpha()]
    latin = sum("a" <= char.lower() <= "z" for char in letters)
    foreign = sum("\u0370" <= char <= "\u052f" for char in letters)
    whole = all(unicodedata.category(char) != "Lo" for char in letters)  # Japanese and Chinese join words of any script
    return latin > 0 and foreign > 0 and latin + foreign >= 4 and whole

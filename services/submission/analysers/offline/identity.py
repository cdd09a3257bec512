"""Who the mail says it is from, and who it is really from."""

import re
import unicodedata

from services.submission.analysers.offline.lists import BRANDS, FREEMAIL, stands_in, under
from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.mail import registrable

_REPLY = re.compile(r"(?i)^\s{0,5}(?:re|aw|fw|fwd|wg|tr|rv|sv)\s?:")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,5})")

#: Characters that look like another one, as phishers use them (Unicode TR 39 has thousands; these are seen in mail).
_LOOKALIKE = str.maketrans("0135\u0456\u0430\u0435\u043e\u0440\u0441\u0445\u0443", "olesiaeopcxy")

_WORD = re.compile(r"\w{1,60}")

#: Letters of a word that is looked at for mixed alphabets; shorter ones are units such as µm.
MIXED_MIN = 4

#: Own domains shorter than this have too many neighbours at distance one.
SHORTEST_COMPARED = 5


def signals(view: View) -> Signals:
    """What the sender's names say."""
    yield from _from(view)
    yield from _brand(view)
    yield from _own(view)
    if not view.is_list:
        yield from _reply_to(view)
    yield from _tricks(view)


def _from(view: View) -> Signals:
    sender = view.mail.from_
    if not sender.domain or "." not in sender.domain:
        yield Seen("from_unusable", "It names no address that an answer could go to.", "header From")
    inside = _ADDRESS.search(sender.name)
    if inside and sender.domain and registrable(inside[1].lower()) != view.from_org:
        yield Seen(
            "address_in_name",
            f"Its name shows the address {quoted(inside[0])}, but another one sent it.",
            "header From",
        )


def _brand(view: View) -> Signals:
    """A brand in the name whose domains did not send it. Lists put names of people there; freemail is no brand's."""
    name = _plain(view.mail.from_.name)
    if not name or view.is_list:
        return
    for brand, domains in BRANDS.items():
        if stands_in(brand, name) and not under(view.mail.from_.domain, domains):
            if brand.split()[0] in view.from_org.split(".")[0]:
                return  # a country's or partner's domain of that name: a stranger's lookalike is not told from it here
            where = quoted(view.mail.from_.domain) or "no domain at all"
            yield Seen(
                "brand_in_name",
                f"It calls itself {quoted(view.mail.from_.name)}, but comes from {where}.",
                "header From",
            )
            return


def _own(view: View) -> Signals:
    """The organisation's own name and domains, worn by a stranger."""
    if not view.from_org or under(view.mail.from_.domain, view.own_domains):
        return
    name = _plain(view.mail.from_.name)
    for own in view.own_domains:
        label, other = own.split(".")[0], view.from_org.split(".")[0]
        plain = other.translate(_LOOKALIKE)
        near = plain == label.translate(_LOOKALIKE) or _one_edit(label, other)
        if len(label) >= SHORTEST_COMPARED and near and own != view.from_org and label != other:
            text = f"Its domain {quoted(view.from_org)} looks like your own {quoted(own)}, but is another."
            yield Seen("own_domain_lookalike", text, "header From")
            return
        if len(label) >= SHORTEST_COMPARED and (own in name or stands_in(label, name)) and not view.is_list:
            text = f"It calls itself {quoted(view.mail.from_.name)}, but comes from {quoted(view.mail.from_.domain)}."
            yield Seen("own_name_foreign_domain", text, "header From")
            return


def _reply_to(view: View) -> Signals:
    answer = view.mail.reply_to
    if not answer.domain or not view.from_org:
        return
    answer_org = registrable(answer.domain)
    if answer_org == view.from_org:
        return
    if answer_org in FREEMAIL and not view.is_freemail:
        text = f"Answers go to a private mailbox at {quoted(answer.domain)}, not to the sender."
        yield Seen("reply_to_freemail", text, "header Reply-To")
    yield Seen(
        "reply_to_elsewhere",
        f"Answers go to {quoted(answer.domain)}, not to {quoted(view.from_org)}.",
        "header Reply-To",
    )


def _tricks(view: View) -> Signals:
    mail = view.mail
    if _REPLY.match(mail.subject) and not mail.header("in-reply-to") and not mail.header("references"):
        yield Seen("fake_reply", "Its subject says that it answers a mail, but it answers none.", "header Subject")
    raw = f"{mail.header('from')}{mail.header('subject')}{mail.subject}{mail.from_.name}"
    if any(unicodedata.category(char) == "Cf" and char not in "\u200d\ufe0f" for char in raw):
        yield Seen(
            "hidden_characters", "There are invisible characters in its subject or sender.", "headers From and Subject"
        )
    mixed = next(
        (word for word in _WORD.findall(f"{mail.from_.name} {mail.subject} {view.text[:2000]}") if _is_mixed(word)), ""
    )
    if mixed:
        yield Seen(
            "mixed_scripts", f"It hides words from filters with letters of other alphabets: “{quoted(mixed)}”.", "text"
        )
    subject = mail.subject.lower()
    if any(to.address and to.address.lower() in subject for to in mail.to):
        yield Seen(
            "recipient_in_subject",
            "Its subject shows the recipient's address where a name would stand.",
            "header Subject",
        )


def _is_mixed(word: str) -> bool:
    """Whether a word has Latin letters and Cyrillic or Greek ones. Units and formulas are short; words are not."""
    if word.isascii():
        return False
    latin = sum("a" <= char.lower() <= "z" for char in word)
    foreign = sum("\u0370" <= char <= "\u052f" for char in word)
    return latin > 0 and foreign > 0 and latin + foreign >= MIXED_MIN


def _plain(name: str) -> str:
    return (
        unicodedata.normalize("NFKC", name).lower().translate(str.maketrans("", "", "\u200b\u200c\u200d\u00ad\u2060"))
    )


def _one_edit(one: str, other: str) -> bool:
    """Whether one change, insertion, deletion or swap of neighbours makes one of the other; linear."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, rest_other = one[start:], other[start:]
    return (
        rest[1:] == rest_other[1:]
        or rest[1:] == rest_other
        or rest == rest_other[1:]
        or (rest[:2] == rest_other[1::-1] and rest[2:] == rest_other[2:])
    )

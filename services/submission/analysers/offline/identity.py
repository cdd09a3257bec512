"""Who the mail says it is from, and who it is really from."""

import re

from services.submission.analysers.offline.folding import skeleton
from services.submission.analysers.offline.house import name_key
from services.submission.analysers.offline.phrases import Word
from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.known import FREE_HOSTING, FREEMAIL, SHARED, carries, is_cheap, under
from shared.mail import registrable

_ADDRESS = re.compile(r"[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,5})")
_SPLIT = re.compile(r"[._+-]")
_DIGITS_INSIDE = re.compile(r"(?<=[a-z])[0-9]{1,9}(?=[a-z])")

#: Own domains whose first label is shorter have too many neighbours at distance one.
SHORTEST_COMPARED = 5

#: Local parts shorter than this are alike by accident.
LOCAL_MIN = 5

#: Local parts that everybody has.
ROLES = frozenset(
    {
        "admin",
        "billing",
        "contact",
        "info",
        "mail",
        "news",
        "newsletter",
        "noreply",
        "no-reply",
        "office",
        "sales",
        "service",
        "support",
        "webmaster",
    }
)

#: Groups of digits inside one word that no person chooses, as in `ni0q28l5k6`.
JUMBLED = 3


def signals(view: View) -> Signals:
    """What the sender's names say."""
    yield from _from(view)
    yield from _own(view)
    yield from _person(view)
    if view.specimen.sender_is_new and not view.is_list:
        who = quoted(view.mail.from_.address) if view.is_freemail else quoted(view.from_org)
        yield Seen("new_sender", f"No mail from {who} was ever looked at here before today.", "our own history")
    if not (view.is_conversation or view.is_passed_on):
        yield from _reply_to(view)
    if not view.is_list:
        yield from _recipient(view)
        yield from _throwaway(view)


def _from(view: View) -> Signals:
    sender = view.mail.from_
    if "." not in sender.domain:
        yield Seen("from_unusable", "It names no address that an answer could go to.", "header From")
    inside = _ADDRESS.search(sender.name)
    shown = registrable(inside[1].lower()) if inside else ""
    relayed = set(view.link_orgs) == {shown}  # services that lend addresses show the first sender so
    if inside and sender.domain and shown != view.from_org and not relayed:
        text = f"Its name shows the address {quoted(inside[0])}, but another one sent it."
        yield Seen("address_in_name", text, "header From")


def _own(view: View) -> Signals:
    """The organisation's own name and domains, worn by a stranger."""
    domain = view.mail.from_.domain
    if under(domain, view.own_domains):
        return
    for own in sorted(view.own_domains):
        label = own.split(".")[0]
        if domain and _is_lookalike(domain, view.from_org, own):
            text = f"Its domain {quoted(domain)} looks like your own {quoted(own)}, but is another."
            yield Seen("own_domain_lookalike", text, "header From")
            return
        if len(label) >= SHORTEST_COMPARED and not view.is_list and _calls_itself(view.name, own, label):
            where = quoted(domain) or "no domain at all"
            text = f"It calls itself {quoted(view.mail.from_.name)}, but comes from {where}."
            yield Seen("own_name_foreign_domain", text, "header From")
            return


def _person(view: View) -> Signals:
    """A name of the organisation's people on an address that is not theirs."""
    sender = view.mail.from_
    if under(sender.domain, view.own_domains) or not view.house.people:
        return
    theirs = view.house.people.get(name_key(sender.name))
    if theirs is not None and sender.address.lower() not in theirs:
        where = quoted(sender.address) or "no address at all"
        text = f"It bears the name of your colleague {quoted(sender.name)}, but comes from {where}."
        yield Seen("own_person_foreign_address", text, "header From")


def _calls_itself(name: str, own: str, label: str) -> bool:
    return any(Word.of(words).stands_in(name) for words in (own, label, label.replace("-", " ")))


def _is_lookalike(domain: str, org: str, own: str) -> bool:
    """Whether a stranger's domain is one change from an own one, looks like it, or carries it whole in front."""
    label, other = own.split(".", maxsplit=1)[0], org.split(".", maxsplit=1)[0]
    if carries(domain, own):
        return True
    if len(label) < SHORTEST_COMPARED:
        return False
    if label == other:
        return is_cheap(org)  # the same name elsewhere may be another honest firm; under a throw-away ending it is not
    return skeleton(label) == skeleton(_shown(other)) or _one_edit(label, other)


def _shown(label: str) -> str:
    """A label as people see it: international ones in their own letters (RFC 3492)."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _one_edit(one: str, other: str) -> bool:
    """Whether one change, insertion, deletion or swap of neighbours makes one of the other; linear."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    swapped = len(left) == len(right) > 1 and left[1::-1] + left[2:] == right
    return swapped or left[1:] == right or left == right[1:] or left[1:] == right[1:]


def _reply_to(view: View) -> Signals:
    answer, sender = view.mail.reply_to, view.mail.from_
    if not answer.domain or not view.from_org:
        return
    answer_org = registrable(answer.domain)
    shown = quoted(answer.domain)
    private = answer.domain in FREEMAIL
    if private and not view.is_freemail:
        text = f"Answers go to a private mailbox at {shown}, not to the sender."
        yield Seen("reply_to_freemail", text, "header Reply-To")
    elif private and answer.address.lower() != sender.address.lower():
        text = f"Answers go to another private mailbox than the sender's, at {shown}."
        yield Seen("reply_to_other_mailbox", text, "header Reply-To")
    elif answer_org != view.from_org and not view.is_list and not under(answer.domain, SHARED):
        text = f"Answers go to {shown}, not to {quoted(view.from_org)}."
        yield Seen("reply_to_elsewhere", text, "header Reply-To")


def _recipient(view: View) -> Signals:
    """The recipient's own address or name, worn by the sender."""
    sender = view.mail.from_
    local = sender.address.rpartition("@")[0].lower()
    for recipient in view.recipients:
        its_local, _, its_domain = recipient.rpartition("@")
        copied = local == its_local and len(local) >= LOCAL_MIN and local not in ROLES and sender.domain != its_domain
        if recipient in view.name or copied:
            text = "It wears the recipient's own address as the sender's."
            yield Seen("recipient_as_sender", text, "header From")
            return
    domains = {recipient.rpartition("@")[2] for recipient in view.recipients} - FREEMAIL
    checked = view.mail.authentication
    if (
        sender.domain in domains
        and "fail" in {checked.spf, checked.dmarc}
        and not under(sender.domain, view.own_domains)
    ):
        text = f"It claims to be from the recipient's own domain {quoted(sender.domain)}, and the proof failed."
        yield Seen("recipient_domain_forged", text, "header From")
    if not view.mail.to:
        yield Seen("to_nobody", "It is addressed to nobody, as mail to hidden lists is.", "header To")


def _throwaway(view: View) -> Signals:
    """Addresses that are made by the thousand."""
    sender = view.mail.from_
    host = under(sender.domain, FREE_HOSTING)
    if host:
        yield Seen("free_host_sender", f"Its address is at {quoted(host)}, where anybody may open one.", "header From")
    elif is_cheap(sender.domain):
        text = f"Its domain {quoted(view.from_org)} has an ending under which names cost next to nothing."
        yield Seen("cheap_sender", text, "header From")
    words = _SPLIT.split(sender.address.rpartition("@")[0].lower()[:64]) + view.from_org.split(".")[:1]
    if any(len(_DIGITS_INSIDE.findall(word)) >= JUMBLED for word in words):
        yield Seen(
            "jumbled_sender", "Its address is a jumble of letters and digits that no person chose.", "header From"
        )

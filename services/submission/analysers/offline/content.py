"""What the mail asks for, and how."""

import re

from services.submission.analysers.offline.phrases import FAMILIES
from services.submission.analysers.offline.view import OPENING, STORY, Seen, Signals, View, quoted
from shared.known import FREE_HOSTING, SHORTENERS, is_cheap, under

#: Families of phrases that are signals by themselves, with what they mean.
SINGLE = {
    "urgency": "It presses for time or threatens: “{}”.",
    "credentials": "It asks to confirm or unlock an account: “{}”.",
    "documents": "It lures with a document or message to open: “{}”.",
    "payment": "It speaks of a payment that is due or waits: “{}”.",
    "parcel": "It speaks of a parcel that waits or costs: “{}”.",
    "prize": "It promises something for nothing: “{}”.",
    "gift_cards": "It asks for gift cards: “{}”.",
    "chat": "It wants to go on in a chat program, out of sight: “{}”.",
    "remove_me": "It ends as mail does that nobody asked for: “{}”.",
}

#: Families that weigh more the more of them stands there: the first says little.
SEVERAL = {
    "crypto_lure": "It lures with coins or a wallet: “{}”.",
    "casino": "It sells gambling, dating or pills: “{}”.",
    "money_for_nothing": "It promises easy money or loans: “{}”.",
    "cold_offer": "It is an offer that nobody asked for: “{}”.",
}

#: Of these the offers of a firm, which has an address of its own.
OFFERS = frozenset({"money_for_nothing", "cold_offer"})

#: Families whose phrases must stand together, so many at least: each alone is in honest mail too.
TOGETHER = {
    "extortion": (2, "It blackmails: “{}”."),
    "chief": (
        2,
        "It asks for a favour in secret or for another bank account, as frauds in a chief's or colleague's name do: “{}”.",
    ),
    "advance_fee": (3, "It tells the story of money that waits for a stranger: “{}”."),
    "romance": (2, "A stranger seeks love: “{}”."),
}

#: How much more a family weighs with so many of its phrases.
MORE = {1: 1.0, 2: 1.5}
MOST = 2.0

#: A text shorter than this, in characters, beside a picture, leaves the picture to speak.
IMAGE_TEXT_MAX = 200

WHERE = "text"

_COINS = re.compile(r"\b\d{1,6}[.,]\d{1,8}\s?(?:btc|eth|usdt|xrp|bnb|sol|doge)\b")
_MILLIONS = re.compile(
    r"(?:us\s?\$|[$€£]|usd|eur|gbp)\s?\d{1,4}(?:[.,]\d{1,3}){0,4}\s?(?:million|milli|mio\b|m\b)"
    r"|(?:us\s?\$|[$€£]|usd|eur|gbp)\s?\d{1,3}(?:[.,]\d{3}){2,3}|\b\d{1,3}(?:[.,]\d{1,3})?\s?mill?i"
)
_TELEPHONE = re.compile(r"(?<!\d)(?:\+|00)?\d{0,3}[ .-]{0,2}\(?\d{3}\)?[ .-]{1,3}\d{3}[ .-]{1,3}\d{4}(?!\d)")
_STUFFED = re.compile(
    r"\b(?:hi|hello|dear|hallo|hola|ola|bonjour|welcome)\b(?:[^,]|(?<=\d),(?=\d)){0,120}?"
    r"(?:https?://|\b[a-z0-9-]{1,63}\.[a-z]{2,12}/\w)"
)


def signals(view: View) -> Signals:
    """What the words say. In conversations of lists the words are other people's."""
    if view.is_conversation:
        return
    story = view.text[:STORY]
    for family, words in SINGLE.items():
        if found := FAMILIES[family].first(story):
            yield Seen(family, words.format(quoted(found)), WHERE)
    yield from _several(story, private=view.is_freemail)
    for family, (least, words) in TOGETHER.items():
        told = FAMILIES[family].count(story)
        if family == "advance_fee" and (sum_ := _MILLIONS.search(story)):
            told = (*told, sum_[0])
        if len(told) >= least:
            times = 1 + min(len(told) - least, 2) / 4
            yield Seen(family, words.format("”, “".join(map(quoted, told[:3]))), WHERE, times)
    yield from _greeting(view)
    yield from _callback(view)
    yield from _form(view)


def _several(story: str, *, private: bool) -> Signals:
    """What it sells; a firm that offers its services from a private mailbox is none."""
    for family, words in SEVERAL.items():
        told = FAMILIES[family].count(story)
        if family == "crypto_lure" and (coins := _COINS.search(story)):
            told = (*told, coins[0])
        if told:
            times = min(MORE.get(len(told), MOST) + (0.5 if private and family in OFFERS else 0.0), MOST)
            yield Seen(family, words.format("”, “".join(map(quoted, told[:3]))), WHERE, times)


def _greeting(view: View) -> Signals:
    start = view.body[:OPENING]
    if found := FAMILIES["generic_greeting"].first(f"{view.subject} | {start}"):
        yield Seen("generic_greeting", f"It does not know whom it writes to: “{quoted(found)}”.", WHERE)
    elif any(
        f"{word} {name}" in start
        for name in view.recipients
        for word in ("dear", "hello", "hi", "hallo", "hola", "ola", "bonjour", "beste")
    ):
        yield Seen("generic_greeting", "It greets by address instead of by name.", WHERE)
    if not view.is_list and _STUFFED.search(start):
        text = "A link stands where a name is greeted: the form of an honest service was filled in for it."
        yield Seen("stuffed_greeting", text, WHERE)


def _callback(view: View) -> Signals:
    """A bill for something never ordered, and a telephone number to object: the fraud happens on the telephone."""
    if view.is_list or (view.from_org and view.from_org in view.link_orgs):
        return
    told = FAMILIES["callback"].count(view.text[:STORY])
    if len(told) >= 2 and _TELEPHONE.search(view.text[:STORY]):
        text = f"It bills for something never ordered, and wants to be called about it: “{quoted(told[0])}”, “{quoted(told[1])}”."
        yield Seen("callback", text, WHERE)


def _form(view: View) -> Signals:
    mail = view.mail
    if mail.has_password_field:
        yield Seen("password_form", "It asks for a password inside the mail itself.", "HTML")
    elif mail.has_form:
        yield Seen("form", "It carries a form to fill in.", "HTML")
    if mail.image_count and len(view.body.strip()) < IMAGE_TEXT_MAX and view.web_links and not view.is_list:
        yield Seen("image_only", "It is a picture with hardly any text, so that filters have nothing to read.", "HTML")
        if hidden := next(
            (host for host in view.hosts if under(host, SHORTENERS | FREE_HOSTING) or is_cheap(host)), ""
        ):
            text = f"All that a reader can do with it is follow a link to {quoted(hidden)}, which says nothing of whose it is."
            yield Seen("picture_to_click", text, "link")

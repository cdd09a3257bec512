"""What the mail asks for, and how."""

from services.submission.analysers.offline.lists import phrase, phrases
from services.submission.analysers.offline.view import Seen, Signals, View, quoted

#: Families of phrases that are signals by themselves, with what they mean.
FAMILIES = {
    "urgency": "It presses for time or threatens: “{}”.",
    "credentials": "It asks to confirm or unlock an account: “{}”.",
    "payment": "It speaks of a payment or a parcel that waits: “{}”.",
    "prize": "It promises something for nothing: “{}”.",
    "crypto_lure": "It wants a wallet opened or a coin claimed: “{}”.",
    "gift_cards": "It asks for gift cards: “{}”.",
    "casino": "It sells gambling, dating or pills: “{}”.",
    "money_for_nothing": "It promises easy money: “{}”.",
    "cold_offer": "It is an offer that nobody asked for: “{}”.",
}

#: Families whose phrases must stand together: each alone is in honest mail too.
TOGETHER = {
    "extortion": "It blackmails: “{}”, “{}”.",
    "advance_fee": "It tells the story of money that waits for a stranger: “{}”, “{}”.",
}

#: A text shorter than this, in characters, beside a picture, leaves the picture to speak.
IMAGE_TEXT_MAX = 200

WHERE = "text"


def signals(view: View) -> Signals:
    """What the words say. In conversations of lists the words are other people's."""
    if view.is_list and view.mail.header("in-reply-to"):
        return
    for family, words in FAMILIES.items():
        if found := phrase(view.text, family):
            yield Seen(family, words.format(quoted(found)), WHERE)
    for family, words in TOGETHER.items():
        told = phrases(view.text, family)
        if len(told) > 1:
            yield Seen(family, words.format(quoted(told[0]), quoted(told[1])), WHERE)
    yield from _greeting(view)
    yield from _form(view)


def _greeting(view: View) -> Signals:
    start = view.text[:1500]
    if found := phrase(start, "generic_greeting"):
        yield Seen("generic_greeting", f"It does not know whom it writes to: “{quoted(found)}”.", WHERE)
        return
    names = {to.address.lower() for to in view.mail.to if to.address}
    if any(
        f"{word} {name}" in start
        for name in names
        for word in ("dear", "hello", "hi", "hallo", "bonjour", "hola", "olá")
    ):
        yield Seen("generic_greeting", "It greets by address instead of by name.", WHERE)


def _form(view: View) -> Signals:
    mail = view.mail
    if mail.has_password_field:
        yield Seen("password_form", "It asks for a password inside the mail itself.", "HTML")
    elif mail.has_form:
        yield Seen("form", "It carries a form to fill in.", "HTML")
    text = mail.html_text or mail.text
    if mail.image_count and len(text.strip()) < IMAGE_TEXT_MAX and view.web_links and not view.is_list:
        yield Seen("image_only", "It is a picture with hardly any text, so that filters have nothing to read.", "HTML")

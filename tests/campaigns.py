"""Campaigns as they are seen in reports: made of seeds, with what sets one copy apart from the next, and with what different
campaigns have in common."""

from dataclasses import dataclass
from random import Random

from tests.mails import mail

BRANDS = ("DHL", "Netflix", "PayPal", "Sparkasse", "Microsoft", "Amazon", "La Poste", "Correos", "Apple", "Santander")

OPENINGS = (
    "we could not deliver your parcel because the address was not complete",
    "your account has been limited after an unusual sign in from another country",
    "the payment of your monthly plan was declined by your bank this morning",
    "your mailbox is nearly full and incoming messages will be returned to their senders",
    "you have been chosen from a short list of loyal customers for a small thank you",
    "our records show that your tax refund of last year has not been claimed yet",
    "a document has been shared with you and waits for your signature since yesterday",
    "your security certificate ends within two days and has to be renewed in person",
    "we noticed an order for a telephone that does not look like one of yours",
    "the rules of our service have changed and we need you to agree to them again",
)

REQUESTS = (
    "please confirm the details of delivery and settle the small remaining fee online",
    "open the page below and sign in with the password of your mailbox to go on",
    "update the card that we have on file so that nothing is switched off tonight",
    "follow the steps on our secure page which takes no longer than a minute",
    "answer three questions about our service and tell us where to send your gift",
    "use the button to release the amount to the account of your choice today",
    "have the number of your card at hand and call nobody about this message",
    "download the form and send it back filled in before the end of the week",
)

THREATS = (
    "otherwise the parcel goes back to its sender and the fee is lost",
    "if we do not hear from you the account is closed without another word",
    "after that time a colleague of the legal department will write to you",
    "this offer cannot be made twice and ends at midnight of this very day",
    "we are sorry for the trouble and thank you for being with us for years",
    "no further reminder will be sent and all stored data will be deleted",
)

CLOSINGS = (
    "The customer care team",
    "Kind regards, your service desk",
    "Department of billing",
    "Sincerely, the security office",
)

NAMES = (
    "ana",
    "bob",
    "carla",
    "dmitri",
    "eva",
    "farid",
    "greta",
    "hong",
    "ines",
    "jan",
    "kofi",
    "lena",
    "mario",
    "nadia",
)

FILLERS = (
    "Sent with care from our office in the old town.",
    "Please think of the trees before you print this.",
    "Our lines are busy at noon, try in the evening.",
    "Have a look at the weather before you travel.",
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign: how its mails are made."""

    number: int
    seed: int

    def copy(self, at: int) -> bytes:
        """The mail that one recipient got."""
        plan, chance = Random(self.seed), Random(f"{self.seed}/{at}")
        brand = plan.choice(BRANDS)
        sentences = [
            plan.choice(OPENINGS),
            plan.choice(REQUESTS),
            plan.choice(THREATS),
            *plan.sample(OPENINGS + REQUESTS, 2),
        ]
        host = f"{plan.choice(('secure', 'portal', 'help', 'my'))}-{plan.getrandbits(24):06x}.{plan.choice(('example', 'test'))}"
        rotates, tokens, stuffed = plan.random() < 0.3, plan.random() < 0.6, plan.random() < 0.4
        if rotates:
            host = f"{chance.getrandbits(32):08x}.example"
        path = plan.choice(("verify", "account/login.php", "parcel/pay", "session", "owa/auth"))
        link = f"https://{host}/{path}?id={chance.getrandbits(40):x}" if tokens else f"https://{host}/{path}"
        name = chance.choice(NAMES)
        amount = f"{chance.randint(1, 99)}.{chance.randint(10, 99)} EUR"
        text = [
            f"Dear {name},",
            "",
            f"{brand}: {sentences[0]} ({amount}, reference {chance.getrandbits(32)}).",
            *sentences[1:],
        ]
        text += [link, "", plan.choice(CLOSINGS)]
        if stuffed:
            text.append(chance.choice(FILLERS))
        subject = plan.choice(
            ("{brand}: action needed", "Your {brand} case {n}", "{brand} notice for {name}", "Last reminder {n}")
        )
        sender = f"{plan.choice(('service', 'info', 'no-reply'))}{chance.randint(1, 999) if rotates else ''}@{host}"
        return mail(
            sender=f"{brand} <{sender}>",
            subject=subject.format(brand=brand, n=chance.randint(1000, 9999), name=name),
            to=f"{name}{at}@example.org",
            message_id=f"{chance.getrandbits(60):x}@{host}",
            body="\n".join(text),
        )


def campaigns(count: int, seed: int = 1) -> list[Campaign]:
    """So many campaigns."""
    chance = Random(seed)
    return [Campaign(number, chance.getrandbits(60)) for number in range(count)]


def reports(count: int, of: list[Campaign], seed: int = 2) -> list[tuple[int, bytes]]:
    """So many reports in the order of their coming, each with the number of its campaign: few campaigns are large."""
    chance = Random(seed)
    weights = [1 / (1 + place) ** 0.8 for place in range(len(of))]
    chosen = chance.choices(of, weights, k=count)
    return [(one.number, one.copy(at)) for at, one in enumerate(chosen)]

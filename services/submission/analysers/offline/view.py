"""A mail as signals look at it: the few things that several of them need, made once."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from services.submission.analysers import Specimen
from services.submission.analysers.offline.folding import folded, plain
from services.submission.analysers.offline.house import House
from services.submission.analysers.offline.signatures import Signature
from shared.events import Evidence
from shared.known import FREEMAIL, under
from shared.mail import Link, Mail, registrable

#: Text that words are looked for in, in characters: what asks for something asks early.
TEXT_MAX = 20_000

#: Where a mail says what it wants, in characters of its text: longer texts have every word in them.
STORY = 4_000

#: The beginning of a text, in characters: its heading and greeting.
OPENING = 600

#: How the foot of a list begins, and how many lines it has at most.
FOOT_RULE, FOOT_LINES = "_" * 20, 8

#: A body shorter than this, in characters, leaves it to its attachments to speak.
LITTLE_TEXT = 300

#: A quoted value in a sentence is cut here, in characters.
QUOTE_MAX = 80

#: Recipients of one mail that are compared with what it says.
RECIPIENTS_MAX = 20

_REPLY = re.compile(r"(?i)^\s{0,5}(?:\[[^\]]{1,60}\]\s{0,5})?(?:re|aw|antw|sv|res)\s?:")
_QUOTE = re.compile(r"(?m)^>")
_LIST_DOMAIN = re.compile(r"mailto:[^@\s>]{1,100}@([\w.-]{1,200})")
_SPACES = re.compile(r"\s+")
_SCHEME = re.compile(r"(?i)\b(h)tt(ps?)(?=:)")


@dataclass(frozen=True, slots=True)
class Seen:
    """One signal that fired: its name in `weights.py`, what was seen in words, and where. `times` multiplies the weight."""

    signal: str
    text: str
    where: str
    times: float = 1.0

    def evidence(self, points: float) -> Evidence:
        """As a verdict says it."""
        weight = round(points * self.times, 2)
        return Evidence(signal=self.signal, text=self.text[:500], where=self.where, weight=weight)


Signals = Iterator[Seen]


class View:
    """One mail, looked at."""

    def __init__(self, specimen: Specimen, house: House | None = None, signatures: tuple[Signature, ...] = ()) -> None:
        self.specimen = specimen
        self.house = house or House()
        self.signatures = signatures
        self.mail: Mail = specimen.mail
        self.own_domains = frozenset(domain.lower() for domain in specimen.own_domains)

    @cached_property
    def subject(self) -> str:
        """The subject, folded."""
        return folded(self.mail.subject)

    @cached_property
    def name(self) -> str:
        """The name in From, folded; nothing but punctuation is no name."""
        name = folded(self.mail.from_.name).strip()
        return name if any(char.isalnum() for char in name) else ""

    @cached_property
    def body(self) -> str:
        """The visible text, folded to one line."""
        text = self.mail.text if len(self.mail.text) >= len(self.mail.html_text) else self.mail.html_text
        if self.is_list:
            text = _without_foot(text)
        return folded(text[:TEXT_MAX])

    @cached_property
    def text(self) -> str:
        """Everything that words are looked for in: name, subject and body, and what is attached to a mail that says little."""
        attached = folded(self.mail.attached_text[:TEXT_MAX]) if self.says_little else ""
        return plain(f"{self.name} | {self.subject} | {self.body} | {attached}")

    @cached_property
    def says_little(self) -> bool:
        """Whether its own text is so short that what is attached has to speak."""
        return len(self.body.strip()) < LITTLE_TEXT and not self.is_list and not self.is_own_and_proven

    @cached_property
    def from_org(self) -> str:
        """The registrable domain of From."""
        return registrable(self.mail.from_.domain) if self.mail.from_.domain else ""

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """The addresses in To, in lower case."""
        return tuple(to.address.lower() for to in self.mail.to[:RECIPIENTS_MAX] if "@" in to.address)

    @cached_property
    def web_links(self) -> tuple[Link, ...]:
        """Links of the body, not of attachments."""
        return tuple(link for link in self.mail.links if link.host and link.place != "attachment")

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that links of the body go to, each once."""
        return tuple(dict.fromkeys(link.host for link in self.web_links))

    @cached_property
    def link_orgs(self) -> tuple[str, ...]:
        """The registrable domains of these hosts, each once."""
        return tuple(dict.fromkeys(registrable(host) or host for host in self.hosts))

    @cached_property
    def is_list(self) -> bool:
        """Whether it came through a discussion list (RFC 2369), which rewrites what identity signals look at."""
        return bool(self.mail.list_id and self.mail.header("list-post"))

    @cached_property
    def is_conversation(self) -> bool:
        """Whether it answers another mail on a list: its words are other people's."""
        if not self.is_list:
            return False
        quotes = _REPLY.match(self.mail.subject) and _QUOTE.search(self.mail.text[:TEXT_MAX])
        return bool(self.mail.header("in-reply-to") or self.mail.header("references") or quotes)

    @cached_property
    def is_passed_on(self) -> bool:
        """Whether a list put itself into From, and the writer elsewhere."""
        return self.is_list and (bool(under(self.from_org, self.list_domains)) or " via " in self.name)

    @cached_property
    def list_domains(self) -> frozenset[str]:
        """The domains of the list that it came through."""
        return frozenset(found[1].lower() for found in _LIST_DOMAIN.finditer(self.mail.header("list-post")[:1000]))

    @cached_property
    def may_be_left(self) -> bool:
        """Whether a sender that is proven says how to be left: newsletters do, and track their links and readers."""
        return bool(self.mail.list_unsubscribe) and self.is_authenticated

    @cached_property
    def is_authenticated(self) -> bool:
        """Whether anything proves where it comes from. The others can write what they like into a header."""
        checked = self.mail.authentication
        return "pass" in (checked.dmarc, checked.dkim) or bool(self.own_signature and self.own_signature.fits)

    @cached_property
    def own_signature(self) -> Signature | None:
        """What we found of a signature of From's own organisation (DMARC's relaxed alignment); one that fits is enough."""
        mine = [one for one in self.signatures if self.from_org and registrable(one.domain) == self.from_org]
        return next((one for one in mine if one.fits), mine[0] if mine else None)

    @cached_property
    def is_checked(self) -> bool:
        """Whether a gateway recorded any check: mail without is from a gateway that writes none, or from long ago."""
        checked = self.mail.authentication
        return any((checked.spf, checked.dkim, checked.dmarc))

    @cached_property
    def is_plausible(self) -> bool:
        """Whether its sender is proven, or nothing was checked that could have disproved it."""
        return self.is_authenticated or not self.is_checked

    @cached_property
    def is_own_and_proven(self) -> bool:
        """Whether From is an own domain, and DMARC or a signature that we verified proves it."""
        proven = self.mail.authentication.dmarc == "pass" or bool(self.own_signature and self.own_signature.fits)
        return bool(under(self.mail.from_.domain, self.own_domains)) and proven

    @cached_property
    def is_plausibly_own(self) -> bool:
        """Whether From is an own domain, and nothing that was checked speaks against it."""
        return bool(under(self.mail.from_.domain, self.own_domains)) and self.is_plausible

    @cached_property
    def is_freemail(self) -> bool:
        """Whether From is at a provider where anybody has an address."""
        return self.mail.from_.domain in FREEMAIL


def _without_foot(text: str) -> str:
    """Text without what a list's program writes below it."""
    at = text.rfind("\n" + FOOT_RULE)
    return text[:at] if at >= 0 and text.count("\n", at) <= FOOT_LINES else text


def quoted(value: str) -> str:
    """A value inside a sentence: printable, short, and no host or address that anything would make a link of."""
    start = _SPACES.sub(" ", value[: 4 * QUOTE_MAX]).strip()
    shown = "".join(char for char in start if char.isprintable() and unicodedata.category(char) not in {"Cf", "Co"})
    shown = shown if len(shown) <= QUOTE_MAX else shown[: QUOTE_MAX - 1] + "…"
    return _SCHEME.sub(r"\1xx\2", shown).replace(".", "[.]").replace("@", "[@]")

"""A mail as signals look at it: the few things that several of them need, made once."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from services.submission.analysers import Specimen
from services.submission.analysers.offline.lists import FREEMAIL, under
from shared.events import Evidence
from shared.mail import Link, Mail, registrable

#: Text that phrases are looked for in, in characters: what asks for something asks early.
TEXT_MAX = 20_000

#: A quoted value in a sentence is cut here, in characters.
QUOTE_MAX = 80

_SPACES = re.compile(r"\s+")


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

    def __init__(self, specimen: Specimen) -> None:
        self.specimen = specimen
        self.mail: Mail = specimen.mail
        self.own_domains = specimen.own_domains

    @cached_property
    def text(self) -> str:
        """Subject and visible text in one line, lower case."""
        body = self.mail.text if len(self.mail.text) >= len(self.mail.html_text) else self.mail.html_text
        squeezed = _SPACES.sub(" ", f"{self.mail.subject} \n {body[:TEXT_MAX]}")
        return unicodedata.normalize("NFKC", squeezed).lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")

    @cached_property
    def from_org(self) -> str:
        """The registrable domain of From."""
        return registrable(self.mail.from_.domain) if self.mail.from_.domain else ""

    @cached_property
    def web_links(self) -> tuple[Link, ...]:
        """Links of the body, not of attachments."""
        return tuple(link for link in self.mail.links if link.host and link.place != "attachment")

    @cached_property
    def link_orgs(self) -> tuple[str, ...]:
        """The registrable domains that links go to, each once."""
        hosts = dict.fromkeys(link.host for link in self.web_links)
        return tuple(dict.fromkeys(registrable(host) or host for host in hosts))

    @cached_property
    def is_list(self) -> bool:
        """Whether it came through a discussion list (RFC 2369), which rewrites what identity signals look at."""
        return bool(self.mail.list_id and self.mail.header("list-post"))

    @cached_property
    def may_be_left(self) -> bool:
        """Whether a sender that is proven says how to be left: newsletters do, and track their links and readers."""
        return bool(self.mail.list_unsubscribe) and self.is_authenticated

    @cached_property
    def is_authenticated(self) -> bool:
        """Whether anything proves where it comes from. The others can write what they like into a header."""
        checked = self.mail.authentication
        return "pass" in (checked.dmarc, checked.dkim)

    @cached_property
    def is_own_and_proven(self) -> bool:
        """Whether From is an own domain and DMARC proves it."""
        return bool(under(self.mail.from_.domain, self.own_domains)) and self.mail.authentication.dmarc == "pass"

    @cached_property
    def is_freemail(self) -> bool:
        """Whether From is at a provider where anybody has an address."""
        return self.from_org in FREEMAIL


def quoted(value: str) -> str:
    """A value inside a sentence: printable, short, and no host or address that anything would make a link of."""
    shown = "".join(char for char in value if char.isprintable() and unicodedata.category(char) != "Cf")
    shown = shown if len(shown) <= QUOTE_MAX else shown[: QUOTE_MAX - 1] + "…"
    return shown.replace("://", "[:]//").replace(".", "[.]")

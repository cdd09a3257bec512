"""Which mails are alike, and what like mails share. Pure.

A mail has *traits*, short keys that like mails have in common. The first mail with a trait is its *sample*; a report whose mail
has the trait later joins the sample's case. Traits are looked up by key, so joining costs the same among ten cases and among
ten million.

| trait | like are | what they share |
|---|---|---|
| `raw`, `body` | the same mail, the same text and link hosts | the verdict |
| `file` | mails with the same attachment, pictures left out | the case |
| `band` | texts with like sketches (a band of them is equal), and the like name, domain, subject or link owner | the case |
| `url` | links of one form to a host that not everybody uses | the case |
| `from`, `name` | one address, or one domain that not everybody has mailboxes at, with the same subject but for numbers | the case |
| `mid` | the same Message-ID and domain | the case |

What only shares a case is analysed by itself: a phish that borrows the Message-ID, the text or the links of an honest mail must
not inherit its verdict. When that analysis says nothing, mails of like content (`CONTENT`) inherit a bad verdict from each other;
a name, a subject and a Message-ID are the sender's word, and would lend honest mail the verdict of a phish.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.events import MessageFacts
from shared.known import BRAND_DOMAINS, FREE_HOSTING, FREEMAIL, MAILERS, SHARED, SHORTENERS, under
from shared.mail.domains import registrable
from shared.mail.likeness import SKETCH_DIGITS, SKETCH_SIZE, alike
from shared.mail.urls import canonical_host

#: Numbers in a band. Texts that share 0.6 of their pairs of words have an equal band in nine of ten cases, 0.3 in one of four.
BAND = 3

#: The share of equal numbers from which two sketches are of one campaign: by themselves; when the mails have a name or subject
#: in common, too; when they have a domain in common. Kits say the same sentences for many campaigns.
ALIKE, ALIKE_BY_NAME, ALIKE_BY_DOMAIN = 0.8, 0.65, 0.4

#: Links of one mail that are looked at, and forms of links that are kept.
URLS_MAX, FORMS_MAX = 20, 4

#: Attachments of one mail that are kept; smaller ones, in bytes, are empty or say nothing.
FILES_MAX, FILE_MIN_BYTES = 5, 100

#: Parts of a path and names of a query that are kept of a link's form.
PARTS_MAX = 6

#: Marks of one mail that are kept.
MARKS_MAX = 8

#: Words that a subject needs to tell a campaign beside an address, and beside a domain.
WORDS_BESIDE_ADDRESS, WORDS_BESIDE_DOMAIN = 2, 3

#: Hosts that honest mail and every kit link to.
_EVERYBODY = SHARED | MAILERS | FREEMAIL | BRAND_DOMAINS

#: Parts of a path that number a copy: with digits, long, mixed in case, or as short as a code.
_NUMBERED = re.compile(r"[0-9]|.{25}|[a-z][A-Z]|^[A-Za-z]{1,3}$")
_WORD = re.compile(r"\w+")
_REPLY = re.compile(r"(?i)^\s*(?:(?:re|aw|antw|fw|fwd|wg|tr|rv|sv|enc|res)\s?:\s*)+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """A mail's traits, the surest first."""

    same_mail: tuple[str, ...]
    same_case: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every trait, each once."""
        return tuple(dict.fromkeys((*self.same_mail, *self.same_case)))


#: Traits by which content is alike.
CONTENT = frozenset({"raw", "body", "file", "band", "url"})

#: What joined a report to its case, in words, by the kind of the trait.
MATCHED = {
    "raw": "the same mail",
    "body": "the same text",
    "file": "the same attachment",
    "band": "like text",
    "url": "links of one form",
    "from": "the same sender and subject",
    "name": "the same sending domain and subject",
    "mid": "the same Message-ID",
}


def likeness(*, message: MessageFacts, own_domains: frozenset[str] = frozenset()) -> Likeness:
    """The traits by which mails are alike."""
    same_mail = [f"raw:{message.sha256}"]
    if message.body_hash:
        same_mail.append(f"body:{message.body_hash}")
    same_case = [
        *_files(message),
        *_bands(message.sketch),
        *_links(message, own_domains),
        *_subjects(message),
    ]
    if message.message_id:
        same_case.append(_key("mid", message.message_id, message.from_domain))
    return Likeness(tuple(same_mail), tuple(dict.fromkeys(same_case)))


def holds(*, trait: str, one: "Look", other: "Look") -> bool:
    """Whether a trait that two mails have in common makes them alike: a band alone may be equal by chance."""
    if kind_of(trait) != "band":
        return True
    share = alike(one.sketch, other.sketch)
    common = one.marks & other.marks
    if any(mark.startswith("d") for mark in common):
        return share >= ALIKE_BY_DOMAIN
    return share >= (ALIKE_BY_NAME if common else ALIKE)


@dataclass(frozen=True, slots=True)
class Look:
    """How a mail looks: the sketch of its text, and marks that copies of a campaign often have in common."""

    sketch: str
    marks: frozenset[str]

    @classmethod
    def of(cls, message: MessageFacts) -> "Look":
        """That of a mail: the name in From, the subject, the sending domain, the owners of its links."""
        hosts = (message.from_domain, *map(canonical_host, message.urls[:URLS_MAX]))
        domains = {registrable(host) or host for host in hosts if host and not under(host, _EVERYBODY)}
        names = {message.from_name.lower(), " ".join(skeleton(message.subject))} - {""}
        marks = [f"d{_mark(one)}" for one in sorted(domains)] + [f"n{_mark(one)}" for one in sorted(names)]
        return cls(message.sketch, frozenset(marks[-MARKS_MAX:]))

    @classmethod
    def read(cls, sketch: str, marks: str) -> "Look":
        """That of a row."""
        return cls(sketch, frozenset(marks.split()))

    def written(self) -> str:
        """The marks for a row."""
        return " ".join(sorted(self.marks))


def kind_of(trait: str) -> str:
    """The kind of a trait."""
    return trait.partition(":")[0]


def _files(message: MessageFacts) -> Iterator[str]:
    files = (
        one
        for one in message.attachments
        if one.size_bytes >= FILE_MIN_BYTES and not one.content_type.startswith("image/")
    )
    for _, one in zip(range(FILES_MAX), files, strict=False):
        yield f"file:{one.sha256}"


def _bands(sketch: str) -> Iterator[str]:
    if len(sketch) != SKETCH_SIZE * SKETCH_DIGITS:
        return
    digits = BAND * SKETCH_DIGITS
    for band in range(SKETCH_SIZE // BAND):
        yield f"band:{band}:{sketch[band * digits : (band + 1) * digits]}"


def _links(message: MessageFacts, own_domains: frozenset[str]) -> Iterator[str]:
    forms = (link_form(url, message.from_domain, own_domains) for url in message.urls[:URLS_MAX])
    for form in list(dict.fromkeys(filter(None, forms)))[:FORMS_MAX]:
        yield _key("url", form)


def link_form(url: str, from_domain: str, own_domains: frozenset[str]) -> str:
    """What the links of one campaign have in common; empty for a link that says nothing of a campaign.

    Of a stranger's host its registrable domain, the words of the path and the names of the query; of a host that everybody
    uses for pages and short links the page itself.
    """
    host = canonical_host(url)
    path, _, query = url.partition("/")[2].partition("?")
    if not host or under(host, own_domains):
        return ""
    if shared := under(host, SHORTENERS | FREE_HOSTING):
        return f"{host}/{path}" if path or host != shared else ""
    if under(host, _EVERYBODY):
        return ""
    owner = registrable(host) or host
    if owner == registrable(from_domain) and not path:
        return ""  # in every signature of that firm
    parts = ["*" if _NUMBERED.search(part) else part.lower() for part in path.split("/")[:PARTS_MAX]]
    names = sorted({pair.partition("=")[0].lower() for pair in query[:500].split("&")})[:PARTS_MAX]
    return f"{owner}/{'/'.join(parts)}?{'&'.join(names)}"


def _subjects(message: MessageFacts) -> Iterator[str]:
    words = skeleton(message.subject)
    subject = " ".join(words)
    if message.from_address and len(words) >= WORDS_BESIDE_ADDRESS:
        yield _key("from", message.from_address.lower(), subject)
    if message.from_domain and len(words) >= WORDS_BESIDE_DOMAIN and not under(message.from_domain, _EVERYBODY):
        yield _key("name", registrable(message.from_domain) or message.from_domain, subject)


def skeleton(subject: str) -> tuple[str, ...]:
    """The words of a subject without marks of answers, addresses and words that number a copy."""
    plain = _REPLY.sub("", subject).lower()
    spoken = " ".join(word for word in plain.split() if "@" not in word)
    return tuple(word for word in _WORD.findall(spoken) if not any(char.isdigit() for char in word))


def _mark(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()[:10]


def _key(kind: str, *words: str) -> str:
    return f"{kind}:{hashlib.sha256(chr(31).join(words).encode()).hexdigest()[:40]}"

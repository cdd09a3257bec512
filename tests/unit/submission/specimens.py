"""Mails as parsing gives them, written for the tests of analysis: an unremarkable one, and any change to it."""

from dataclasses import replace
from typing import Any

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.offline.analyser import opinion_of
from services.submission.analysers.offline.view import View
from shared.events import Authentication, Evidence, MailEnvelope
from shared.events.vocabulary import AuthResult, ReportCategory
from shared.mail import Address, Attachment, Link, Mail, canonical_url, host_of

SHA256 = "a" * 64
OWN = ("example.org",)

HONEST = Mail(
    sha256=SHA256,
    size_bytes=2_000,
    message_id="1@partner.example",
    from_=Address("Bo Berg", "bo@partner.example", "partner.example"),
    to=(Address("Ana", "ana.lind@example.org", "example.org"),),
    subject="Minutes of Monday",
    text="Hello Ana, here are the minutes of our meeting on Monday. Please tell me what is missing. Bo",
)


def person(words: str) -> Address:
    """`Name <local@domain>` as an address of a parsed mail."""
    name, _, rest = words.rpartition("<")
    address = rest.rstrip(">")
    return Address(name.strip(), address, address.rpartition("@")[2])


def link(url: str, text: str = "") -> Link:
    """A link of an HTML body."""
    return Link(url=url, canonical=canonical_url(url), host=host_of(url), text=text, place="html")


def checks(
    spf: AuthResult | None = None, dkim: AuthResult | None = None, dmarc: AuthResult | None = None
) -> Authentication:
    """What the gateway recorded."""
    return Authentication(spf=spf, dkim=dkim, dmarc=dmarc)


PASSED = checks("pass", "pass", "pass")


def file(name: str, real_type: str = "", **fields: Any) -> Attachment:
    """An attachment."""
    return Attachment(
        name=name,
        content_type="application/octet-stream",
        size_bytes=9_000,
        sha256="b" * 64,
        real_type=real_type,
        **fields,
    )


def mail(sender: str = "", *links: Link, headers: dict[str, str] | None = None, **fields: Any) -> Mail:
    """The honest mail with another sender, links, headers and fields."""
    changes: dict[str, Any] = {"links": links, "headers": tuple((headers or {}).items()), **fields}
    if sender:
        changes["from_"] = person(sender)
    return replace(HONEST, **changes)


def on_a_list(**fields: Any) -> Mail:
    """A mail through a discussion list."""
    headers = {"list-post": "<mailto:talk@lists.example>", **fields.pop("headers", {})}
    return mail(headers=headers, **{"list_id": "talk.lists.example", **fields})


def opinion(
    of: Mail,
    *,
    category: ReportCategory = "phishing",
    count: int = 1,
    own: tuple[str, ...] = OWN,
    envelope: MailEnvelope | None = None,
) -> Opinion:
    """The local analyser's opinion about a mail."""
    return opinion_of(View(specimen(of, category=category, count=count, own=own, envelope=envelope)))


def opinion_of_new(of: Mail) -> Opinion:
    """The opinion about a mail of a sender that our history does not know."""
    return opinion_of(View(replace(specimen(of), sender_is_new=True)))


def specimen(
    of: Mail,
    *,
    category: ReportCategory = "phishing",
    count: int = 1,
    own: tuple[str, ...] = OWN,
    envelope: MailEnvelope | None = None,
    raw: bytes = b"",
) -> Specimen:
    """A mail as analysers get it."""
    return Specimen(of, of.sha256, category, count, frozenset(own), envelope, raw)


def evidence(of: Mail, **about: Any) -> dict[str, Evidence]:
    """The evidence for a mail, by signal."""
    return {one.signal: one for one in opinion(of, **about).evidence}


def signals(of: Mail, **about: Any) -> set[str]:
    """The signals that fire on a mail, but for the report itself."""
    return {name for name in evidence(of, **about) if not name.startswith("reported")}

"""What events say of a mail: bounded facts, never its text."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.events.vocabulary import AuthResult

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """A value inside an event: frozen, unknown fields are left aside so that v1 can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Authentication(Part):
    """SPF, DKIM and DMARC as the receiving gateway recorded them (RFC 8601); `None`: not recorded."""

    spf: AuthResult | None = None
    dkim: AuthResult | None = None
    dmarc: AuthResult | None = None
    arc: AuthResult | None = Field(default=None, description="of the chain of forwarders (RFC 8617)")


class AttachmentFacts(Part):
    """One attachment: what it calls itself and what it is."""

    name: str = ""
    content_type: str = ""
    size_bytes: int = 0
    sha256: Sha256


class MessageFacts(Part):
    """The facts of one mail that later decisions stand on. Every field is bounded (see `shared.mail.limits`)."""

    sha256: Sha256
    size_bytes: int
    message_id: str = ""
    from_address: str = ""
    from_domain: str = ""
    from_name: str = ""
    reply_to: str = ""
    subject: str = ""
    date: str = ""
    list_id: str = ""
    urls: tuple[str, ...] = ()
    attachments: tuple[AttachmentFacts, ...] = ()
    authentication: Authentication = Field(default_factory=Authentication)
    outside_ip: str = ""
    language: str = ""
    body_hash: str = ""
    sketch: str = Field(default="", description="of the visible text: like texts have like sketches, in hex")
    header_matches: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


class Envelope(Part):
    """The SMTP envelope (RFC 5321): envelope sender, recipients, the client that handed the mail in."""

    mail_from: str = ""
    rcpt_to: tuple[str, ...] = ()
    client_ip: str = ""
    helo: str = ""

"""Held mail, its release, and the digests that tell people of it."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from shared.events.base import Event, fact_id, without_nulls
from shared.events.exporter import of_exporter
from shared.events.message import Envelope, MessageFacts
from shared.events.reports import MessageByValue
from shared.events.vocabulary import (
    DigestFrequency,
    QuarantineAct,
    QuarantinePermission,
    QuarantineReason,
    QuarantineRefusal,
    VerdictCategory,
)


class MailHeld(Event):
    """The gateway quarantined a mail: the second door that anyone may publish to, Rspamd by itself."""

    STREAM: ClassVar = "mail.held.v1"
    model_config = ConfigDict(frozen=True, extra="ignore")

    message: MessageByValue
    envelope: Envelope
    reason: QuarantineReason = "policy"
    score: float | None = None
    symbols: tuple[str, ...] = ()
    queue_id: str = Field(default="", max_length=255)

    _ = model_validator(mode="before")(without_nulls)

    def key(self) -> tuple[object, ...]:
        return (self.queue_id, self.message.sha256 or "", self.envelope.mail_from, *sorted(self.envelope.rcpt_to))

    @classmethod
    def of_data(cls, data: bytes) -> "MailHeld":
        """Ours, or what Rspamd's `metadata_exporter` writes."""
        if exported := of_exporter(data):
            return cls.model_validate(exported)
        return cls.model_validate_json(data)


def held_id(*, queue_id: str, sha256: str, envelope: Envelope) -> str:
    """The same mail held for the same recipients by the same queue entry is one: gateways repeat after a lost answer."""
    return fact_id("held", queue_id, sha256, envelope.mail_from, *sorted(envelope.rcpt_to))


class QuarantineHeld(Event):
    """A held mail is durable and waits for its recipients."""

    STREAM: ClassVar = "quarantine.held.v1"

    held_id: str
    message: MessageFacts
    envelope: Envelope
    reason: QuarantineReason
    score: float | None = None
    symbols: tuple[str, ...] = ()
    queue_id: str = ""
    held_at: datetime
    expires_at: datetime

    def key(self) -> tuple[object, ...]:
        return (self.held_id,)


class _OfRecipient(Event):
    """What happened to one recipient's copy of a held mail."""

    held_id: str
    recipient: str

    def key(self) -> tuple[object, ...]:
        return (self.held_id, self.recipient)


class QuarantineFiled(_OfRecipient):
    """A recipient's copy is filed: what they may do with it and until when is bound now, whatever the policy says later."""

    STREAM: ClassVar = "quarantine.filed.v1"

    reason: QuarantineReason
    policy: str = Field(description="the name of the policy that bound it")
    permissions: tuple[QuarantinePermission, ...] = ()
    expires_at: datetime


class QuarantineAsked(_OfRecipient):
    """A recipient pressed a button on a page of theirs: they ask, digest decides and does."""

    STREAM: ClassVar = "quarantine.asked.v1"

    ask_id: str
    act: QuarantineAct
    by: str
    comment: str = Field(default="", max_length=1000)

    def key(self) -> tuple[object, ...]:
        return (self.ask_id,)

    def about(self) -> str:
        return self.held_id


class QuarantineRefused(_OfRecipient):
    """What a recipient asked for could not be done; `reason` says why in words."""

    STREAM: ClassVar = "quarantine.refused.v1"

    ask_id: str
    act: QuarantineAct
    code: QuarantineRefusal
    reason: str

    def key(self) -> tuple[object, ...]:
        return (self.ask_id,)

    def about(self) -> str:
        return self.held_id


class ReleaseRequested(_OfRecipient):
    """A recipient asks for a held mail."""

    STREAM: ClassVar = "release.requested.v1"

    comment: str = ""
    due_at: datetime | None = Field(default=None, description="until when an operator should have answered")


class ReleaseDecided(_OfRecipient):
    """An operator approved or denied a release."""

    STREAM: ClassVar = "release.decided.v1"

    decision: Literal["approved", "denied"]
    by: str
    comment: str = Field(default="", description="words to the recipient")
    override: bool = Field(default=False, description="approved though the mail is known to be malware or phishing now")
    decision_id: str = Field(default="", description="tells decisions about one copy apart; empty: there is one")

    def key(self) -> tuple[object, ...]:
        return (*super().key(), self.decision_id) if self.decision_id else super().key()


class QuarantineReleased(_OfRecipient):
    """A held mail was handed to the gateway again, unchanged, for this recipient."""

    STREAM: ClassVar = "quarantine.released.v1"

    by: str


class QuarantineReleaseFailed(_OfRecipient):
    """A release did not work; it is tried again by itself until one is `final`. People may still release it then."""

    STREAM: ClassVar = "quarantine.release_failed.v1"

    reason: str
    attempts: int
    final: bool = False

    def key(self) -> tuple[object, ...]:
        return (self.held_id, self.recipient, self.attempts)


class QuarantineDeleted(_OfRecipient):
    """A recipient or operator deleted their copy."""

    STREAM: ClassVar = "quarantine.deleted.v1"

    by: str


class QuarantineExpired(_OfRecipient):
    """The copy's time was over."""

    STREAM: ClassVar = "quarantine.expired.v1"


class NotificationSent(Event):
    """A digest, an answer to a report, or an operator's decision about a held mail left by mail."""

    STREAM: ClassVar = "notification.sent.v1"

    notification_id: str
    kind: Literal["digest", "answer", "decision", "purge"]
    recipient: str
    message_id: str
    item_count: int = 0
    mailbox: str = Field(default="", description="whose mail a digest tells of, when it is not its reader's own")
    case_id: str = Field(default="", description="the case that an answer is about")
    category: VerdictCategory | None = Field(
        default=None, description="what an answer said; left out: it was a receipt"
    )

    def key(self) -> tuple[object, ...]:
        return (self.notification_id,)


class DigestPreferred(Event):
    """A recipient said how they want to be told; what is left out stays as it was."""

    STREAM: ClassVar = "digest.preferred.v1"

    preference_id: str
    recipient: str
    frequency: DigestFrequency | None = None
    every_hours: int | None = Field(default=None, ge=1, le=168, description="hours between digests, for `hours`")
    language: str | None = Field(default=None, max_length=20, description="a tag such as `de` (RFC 5646)")
    zone: str | None = Field(default=None, max_length=64, description="a name of the IANA time zone database")
    hour: int | None = Field(
        default=None, ge=0, le=23, description="the hour of the day in that zone, for `daily` and `weekly`"
    )
    at: datetime

    def key(self) -> tuple[object, ...]:
        return (self.preference_id,)

    def about(self) -> str:
        return self.recipient

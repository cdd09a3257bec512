"""The rows of digest."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import UtcTime

METADATA = MetaData()


class Held(SQLModel, table=True):
    """A held mail: what its recipients are told of it, and what its release and its analysis need.

    `place` orders all mails by when they were held (see rules.terms); 0: filed by a version that had no places.
    """

    metadata = METADATA
    __tablename__ = "digest_held"

    held_id: str = Field(primary_key=True, max_length=64)
    sha256: str = Field(max_length=64, index=True)
    mail_from: str = ""
    from_address: str = ""
    from_name: str = ""
    subject: str = ""
    reason: str = Field(max_length=20)
    held_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime, index=True)
    place: int = Field(default=0, sa_type=BigInteger, index=True)
    message_id: str = ""
    size_bytes: int = 0
    client_ip: str = ""
    helo: str = ""
    queue_id: str = ""
    learn_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    learn_attempts: int = 0


class Copy(SQLModel, table=True):
    """One recipient's copy. `mail_id` names the digest that told of it; `release_at` is when a release is due.

    `handing` is true from before a release is tried until its end is known: when it is found true at the next try, nobody
    knows whether the gateway has the mail.
    """

    metadata = METADATA
    __tablename__ = "digest_copy"
    __table_args__ = (
        Index("ix_digest_copy_to_tell", "recipient", "mail_id", "status", "expires_at", "held_id"),
        Index("ix_digest_copy_status", "status", "expires_at"),
        Index("ix_digest_copy_place", "place", "recipient"),
        Index("ix_digest_copy_of_recipient", "recipient", "place"),
        Index("ix_digest_copy_in_status", "status", "place", "recipient"),
        Index("ix_digest_copy_with_reason", "reason", "place", "recipient"),
        Index("ix_digest_copy_from_sender", "sender", "place", "recipient"),
        Index("ix_digest_copy_from_domain", "sender_domain", "place", "recipient"),
    )

    held_id: str = Field(primary_key=True, max_length=64)
    recipient: str = Field(primary_key=True, max_length=320)
    status: str = Field(default="held", max_length=20)
    expires_at: datetime = Field(sa_type=UtcTime)
    mail_id: str = Field(default="", max_length=64)
    release_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    release_by: str = ""
    attempts: int = 0
    place: int = Field(default=0, sa_type=BigInteger)
    reason: str = Field(default="", max_length=20)
    sender: str = Field(default="", max_length=320)
    sender_domain: str = Field(default="", max_length=255)
    policy: str = ""
    permissions: str = ""
    asked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    comment: str = ""
    decided_by: str = ""
    answer: str = ""
    decision_ask: str = Field(default="", max_length=64)
    release_ask: str = Field(default="", max_length=64)
    override: bool = False
    handing: bool = False
    failure: str = ""


class Verdict(SQLModel, table=True):
    """The newest verdict about a mail, by its content."""

    metadata = METADATA
    __tablename__ = "digest_verdict"

    sha256: str = Field(primary_key=True, max_length=64)
    category: str = Field(max_length=20)
    case_id: str = Field(default="", max_length=64)
    version: int = 0
    at: datetime = Field(sa_type=UtcTime, index=True)


class Answer(SQLModel, table=True):
    """What came of a recipient's request, on its way to them by mail."""

    metadata = METADATA
    __tablename__ = "digest_answer"

    answer_id: str = Field(primary_key=True, max_length=64)
    held_id: str = Field(max_length=64, index=True)
    recipient: str = Field(max_length=320, index=True)
    outcome: str = Field(max_length=20)
    comment: str = ""
    at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    attempts: int = 0

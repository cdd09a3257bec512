"""The rows of portal."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import UtcTime

METADATA = MetaData()


class Held(SQLModel, table=True):
    """A held mail: what a recipient is shown of it."""

    metadata = METADATA
    __tablename__ = "portal_held"

    held_id: str = Field(primary_key=True, max_length=64)
    sha256: str = Field(max_length=64)
    mail_from: str = ""
    from_address: str = ""
    from_name: str = ""
    subject: str = ""
    reason: str = Field(max_length=20)
    held_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime, index=True)
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""


class Copy(SQLModel, table=True):
    """One recipient's copy, as far as events told. `policy` is empty until it is filed; `comment` are an operator's words."""

    metadata = METADATA
    __tablename__ = "portal_copy"
    __table_args__ = (Index("ix_portal_copy_recipient", "recipient", "status"),)

    held_id: str = Field(primary_key=True, max_length=64)
    recipient: str = Field(primary_key=True, max_length=320)
    status: str = Field(default="held", max_length=20)
    policy: str = ""
    permissions: str = ""  # words with spaces between
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    comment: str = ""
    attempts: int = 0


class Ask(SQLModel, table=True):
    """What a recipient asked for. `outcome` is empty until digest did it (`done`) or refused (`code`)."""

    metadata = METADATA
    __tablename__ = "portal_ask"
    __table_args__ = (Index("ix_portal_ask_copy", "held_id", "recipient"),)

    ask_id: str = Field(primary_key=True, max_length=64)
    held_id: str = Field(max_length=64)
    recipient: str = Field(max_length=320)
    act: str = Field(max_length=20)
    asked_at: datetime = Field(sa_type=UtcTime)
    outcome: str = Field(default="", max_length=20)
    code: str = Field(default="", max_length=40)


class Verdict(SQLModel, table=True):
    """What a mail was found to be, the newest version."""

    metadata = METADATA
    __tablename__ = "portal_verdict"

    sha256: str = Field(primary_key=True, max_length=64)
    version: int
    category: str = Field(max_length=20)
    issued_at: datetime = Field(sa_type=UtcTime, index=True)


class Preference(SQLModel, table=True):
    """How a recipient wants to be told; empty or None: as the organisation set it."""

    metadata = METADATA
    __tablename__ = "portal_preference"

    recipient: str = Field(primary_key=True, max_length=320)
    frequency: str = Field(default="", max_length=20)
    every_hours: int | None = None
    language: str = Field(default="", max_length=20)
    zone: str = Field(default="", max_length=64)
    hour: int | None = None
    at: datetime = Field(sa_type=UtcTime)

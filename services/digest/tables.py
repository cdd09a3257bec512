"""The rows of digest."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import UtcTime

METADATA = MetaData()


class Held(SQLModel, table=True):
    """A held mail: what its recipients are told of it."""

    metadata = METADATA
    __tablename__ = "digest_held"

    held_id: str = Field(primary_key=True, max_length=64)
    sha256: str = Field(max_length=64)
    mail_from: str = ""
    from_address: str = ""
    from_name: str = ""
    subject: str = ""
    reason: str = Field(max_length=20)
    held_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime, index=True)


class Copy(SQLModel, table=True):
    """One recipient's copy. `mail_id` names the digest that told of it; `release_at` is when a release is due."""

    metadata = METADATA
    __tablename__ = "digest_copy"
    __table_args__ = (
        Index("ix_digest_copy_untold", "recipient", "mail_id"),
        Index("ix_digest_copy_status", "status", "expires_at"),
    )

    held_id: str = Field(primary_key=True, max_length=64)
    recipient: str = Field(primary_key=True, max_length=320)
    status: str = Field(default="held", max_length=20)
    expires_at: datetime = Field(sa_type=UtcTime)
    mail_id: str = Field(default="", max_length=64)
    release_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    release_by: str = ""
    attempts: int = 0

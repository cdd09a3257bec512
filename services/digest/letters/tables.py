"""The rows of digests: what waits to be told to whom, how they want it, and the letters on their way."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from services.digest.tables import METADATA
from shared.tables import UtcTime

#: When the digest of somebody is due who wants none.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Mailbox(SQLModel, table=True):
    """An address that mail was held for.

    `news_at` is since when something waits to be told, `told_at` when the last digest was decided, and `due_at` when the
    next one is; NULL while there are news: not reckoned yet, or to be reckoned again.
    """

    metadata = METADATA
    __tablename__ = "digest_mailbox"
    __table_args__ = (Index("ix_digest_mailbox_due", "due_at", "news_at"),)

    address: str = Field(primary_key=True, max_length=320)
    news_at: datetime | None = Field(default=None, sa_type=UtcTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Preference(SQLModel, table=True):
    """What a person said about their digests; NULL: nothing. `at` is when they said the last of it."""

    metadata = METADATA
    __tablename__ = "digest_preference"

    address: str = Field(primary_key=True, max_length=320)  # in lower case
    at: datetime = Field(sa_type=UtcTime)
    frequency: str | None = Field(default=None, max_length=20)
    every_hours: int | None = None
    language: str | None = Field(default=None, max_length=20)
    zone: str | None = Field(default=None, max_length=64)
    hour: int | None = None


class Mail(SQLModel, table=True):
    """A letter: decided with the copies it tells of, sent afterwards, again with the same Message-ID when in doubt.

    A digest has one letter for each of its readers. `mail_id` is the digest's id, followed by a dot and a number when there
    are several readers; copies name the digest. `mailbox` is whose copies it tells of; empty: its recipient's own.
    """

    metadata = METADATA
    __tablename__ = "digest_mail"

    mail_id: str = Field(primary_key=True, max_length=64)
    recipient: str = Field(max_length=320, index=True)
    decided_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    attempts: int = 0
    item_count: int = 0
    mailbox: str = Field(default="", max_length=320)
    rest: int = 0


def digest_of(mail_id: str) -> str:
    """The id of the digest that a letter belongs to."""
    return mail_id.partition(".")[0]


def said(preference: Preference) -> dict[str, Any]:
    """What a person said, by the names of a schedule's fields and `language`."""
    names = ("frequency", "every_hours", "language", "zone", "hour")
    return {name: getattr(preference, name) for name in names if getattr(preference, name) is not None}

"""The rows of ingest."""

from datetime import datetime

from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from shared.tables import IN_KEY_ORDER, UtcTime

METADATA = MetaData()


class Report(SQLModel, table=True):
    """A report that was taken: its blob is durable."""

    metadata = METADATA
    __tablename__ = "ingest_report"
    __table_args__ = IN_KEY_ORDER

    report_id: str = Field(primary_key=True, max_length=64)
    category: str = Field(max_length=20)
    reporter: str = Field(default="", max_length=320)
    source: str = Field(max_length=20)
    sha256: str = Field(max_length=64, index=True)
    received_at: datetime = Field(sa_type=UtcTime, index=True)
    people: str = Field(default="", description="addresses of the mail's sender and recipients, see `rules.people`")


class Held(SQLModel, table=True):
    """A held mail that was taken."""

    metadata = METADATA
    __tablename__ = "ingest_held"

    held_id: str = Field(primary_key=True, max_length=64)
    reason: str = Field(max_length=20)
    sha256: str = Field(max_length=64, index=True)
    held_at: datetime = Field(sa_type=UtcTime, index=True)
    people: str = Field(default="", description="addresses of its sender and recipients, see `rules.people`")


class Refused(SQLModel, table=True):
    """A mail that was handed in as a report and was none; its blob is durable, too."""

    metadata = METADATA
    __tablename__ = "ingest_refused"
    __table_args__ = IN_KEY_ORDER

    report_id: str = Field(primary_key=True, max_length=64)
    reporter: str = Field(default="", max_length=320)
    sha256: str = Field(max_length=64, index=True)
    refused_at: datetime = Field(sa_type=UtcTime, index=True)
    people: str = Field(default="")


class Doomed(SQLModel, table=True):
    """A blob that nothing refers to any more since `at`."""

    metadata = METADATA
    __tablename__ = "ingest_doomed"

    sha256: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(sa_type=UtcTime)


class Key(SQLModel, table=True):
    """An `Idempotency-Key` and what was answered to it."""

    metadata = METADATA
    __tablename__ = "ingest_key"
    __table_args__ = IN_KEY_ORDER

    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(max_length=64)
    answer_ids: str
    used_at: datetime = Field(sa_type=UtcTime, index=True)

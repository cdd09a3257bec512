"""The rows of submission."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import IN_KEY_ORDER, UtcTime

METADATA = MetaData()


class Item(SQLModel, table=True):
    """A mail to analyse. `due_at` moves: it is the next attempt, or, while running, when the run is given up for dead."""

    metadata = METADATA
    __tablename__ = "submission_item"
    __table_args__ = (
        Index("ix_submission_item_due", "open", "due_at"),
        Index("ix_submission_item_sender", "sender", "asked_at"),
    )

    submission_id: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)
    message_sha256: str = Field(max_length=64)
    category: str = Field(max_length=20)
    report_count: int
    reporter_verified: bool | None = None
    sender: str = Field(
        default="", max_length=320, description="by which it is told whether we have seen its sender before"
    )
    envelope: str = ""  # JSON of the mail's SMTP envelope, empty when it is not known
    status: str = Field(default="not_started", max_length=20)
    open: bool = Field(default=True, description="it will be run again: it has no verdict, or one that may be revised")
    attempts: int = Field(default=0, description="runs since it last ended well")
    runs: int = Field(default=0, description="all runs: who holds the newest may answer")
    said: str = Field(
        default="", max_length=80, description="the verdict in a few words, to see whether a revision says another"
    )
    opinions: str = Field(default="", description="JSON of the opinions, while some are still to come")
    decided: str = Field(default="", description="JSON of an operator's opinion, which is the verdict")
    taken_by: str = Field(default="", max_length=100, description="the replica that runs it, or ran it last")
    due_at: datetime = Field(sa_type=UtcTime)
    asked_at: datetime = Field(sa_type=UtcTime)
    reported_at: datetime | None = Field(default=None, sa_type=UtcTime)
    traceparent: str = Field(default="", max_length=60)


class Verdict(SQLModel, table=True):
    """A verdict that was issued; versions of a case are numbered from 1 without gaps."""

    metadata = METADATA
    __tablename__ = "submission_verdict"
    __table_args__ = IN_KEY_ORDER

    case_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    submission_id: str = Field(max_length=64, index=True)
    message_sha256: str = Field(max_length=64)
    category: str = Field(max_length=20)
    confidence: float
    cause: str = Field(max_length=40)
    issued_at: datetime = Field(sa_type=UtcTime)

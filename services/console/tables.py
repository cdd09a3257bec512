"""The rows of the console: a read model made of events only.

Every row but an activity has a text `id` and a moment `at` (the first that is known of it), so that one cursor serves all
lists. A row may exist before the event that describes it: what is not known yet is empty.
"""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import JSON, Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import UtcTime
from shared.work import Work

METADATA = MetaData()


class Row(SQLModel):
    """What every row has."""

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)


R = TypeVar("R", bound=Row)


def row_of(work: Work, kind: type[R], key: str) -> R:
    """The row of this id, made now when there is none; its `at` is the earliest moment that anybody told of."""
    row = work.session.get(kind, key)
    if row is None:
        row = kind(id=key, at=work.at)
        work.session.add(row)
    row.at = min(row.at, work.at)
    return row


class Report(Row, table=True):
    """A report: `received` or `rejected` says that the event which describes it has come."""

    metadata = METADATA
    __tablename__ = "console_report"
    __table_args__ = (Index("ix_console_report_at", "at", "id"),)

    state: str = Field(default="", max_length=20, description="received, rejected, or empty while unknown")
    case_id: str = Field(default="", index=True)
    category: str = ""
    reporter: str = ""
    reporter_verified: bool = False
    source: str = ""
    folder: str = ""
    comment: str = ""
    defaulted: bool = False
    low_fidelity: bool = False
    sha256: str = ""
    from_address: str = ""
    subject: str = ""
    message: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    envelope: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    reason: str = Field(default="", description="why it was rejected")
    verdict_category: str = ""
    verdict_confidence: float = 0.0
    verdict_version: int = 0
    inherited: bool = False


class Case(Row, table=True):
    """A case with its decision and its newest verdict."""

    metadata = METADATA
    __tablename__ = "console_case"
    __table_args__ = (
        Index("ix_console_case_at", "at", "id"),
        Index("ix_console_case_verdict", "verdict_at", "verdict_category"),
    )

    category: str = ""
    subject: str = ""
    from_address: str = ""
    report_count: int = 0
    decision: str = ""
    priority: str = ""
    reasons: list[str] = Field(default_factory=list, sa_type=JSON)
    triaged_at: datetime | None = Field(default=None, sa_type=UtcTime)
    requested_at: datetime | None = Field(default=None, sa_type=UtcTime)
    verdict_version: int = 0
    verdict_category: str = ""
    verdict_confidence: float = 0.0
    verdict_cause: str = ""
    verdict_at: datetime | None = Field(default=None, sa_type=UtcTime)
    owner: str = ""
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    notes: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, description="what operators noted: at, by, text"
    )
    merged_into: str = ""
    split_from: str = ""
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, description="until when a person should have looked")
    closings: int = 0
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    closed_as: str = Field(
        default="",
        description="dismissed, decided, resolved, or empty; it is open again when it was requested after that",
    )


class Verdict(Row, table=True):
    """One version of a verdict; its id is `case_id/version`."""

    metadata = METADATA
    __tablename__ = "console_verdict"
    __table_args__ = (Index("ix_console_verdict_at", "at", "id"),)

    case_id: str = Field(default="", index=True)
    version: int = 0
    submission_id: str = ""
    message_sha256: str = ""
    category: str = ""
    confidence: float = 0.0
    cause: str = ""
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    recommendations: list[str] = Field(default_factory=list, sa_type=JSON)
    blocks: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    analysers: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class Failure(Row, table=True):
    """A submission that was given up."""

    metadata = METADATA
    __tablename__ = "console_failure"

    case_id: str = Field(default="", index=True)
    reason: str = ""
    attempts: int = 0


class Block(Row, table=True):
    """A block or allow entry, or (`status` refused) one that was not made."""

    metadata = METADATA
    __tablename__ = "console_block"
    __table_args__ = (Index("ix_console_block_status", "status", "at", "id"), Index("ix_console_block_at", "at", "id"))

    kind: str = ""
    value: str = ""
    action: str = "block"
    scope: str = "tenant"
    status: str = Field(default="active", max_length=20, description="active, removed, expired or refused")
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    by: str = ""
    case_id: str = Field(default="", index=True)
    note: str = ""
    reason: str = Field(default="", description="why it was refused")
    hit_count: int = 0
    last_hit_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_by: str = ""


class Held(Row, table=True):
    """A held mail."""

    metadata = METADATA
    __tablename__ = "console_held"

    subject: str = ""
    from_address: str = ""
    reason: str = ""
    score: float | None = None
    symbols: list[str] = Field(default_factory=list, sa_type=JSON)
    message: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Copy(Row, table=True):
    """One recipient's copy of a held mail; its id is `held_id/recipient`. `status` follows from the moments below it."""

    metadata = METADATA
    __tablename__ = "console_copy"
    __table_args__ = (Index("ix_console_copy_status", "status", "at", "id"), Index("ix_console_copy_at", "at", "id"))

    held_id: str = Field(default="", index=True)
    recipient: str = ""
    status: str = Field(default="held", max_length=20)
    asked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    comment: str = ""
    policy: str = Field(default="", description="the policy that bound what its recipient may do")
    permissions: str = Field(default="", description="what its recipient may do, by blanks")
    refused_ask: str = Field(default="", description="what was asked for last and could not be done")
    decision: str = ""
    decision_ask: str = Field(default="", description="the id of the decision as an event")
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    decided_by: str = ""
    answer: str = Field(default="", description="what the operator wrote with the decision")
    released_at: datetime | None = Field(default=None, sa_type=UtcTime)
    released_by: str = ""
    deleted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    deleted_by: str = ""
    expired_at: datetime | None = Field(default=None, sa_type=UtcTime)
    attempts: int = Field(default=0, description="releases that failed")
    failure: str = ""


class Notification(Row, table=True):
    """A digest or an answer that left by mail."""

    metadata = METADATA
    __tablename__ = "console_notification"
    __table_args__ = (Index("ix_console_notification_at", "at", "id"),)

    kind: str = ""
    recipient: str = ""
    message_id: str = ""
    item_count: int = 0


class Activity(SQLModel, table=True):
    """One line of what happened, in words that hold nothing of a mail; `id` grows in the order of commits."""

    metadata = METADATA
    __tablename__ = "console_activity"

    id: int | None = Field(default=None, primary_key=True)
    fact: str = Field(unique=True, description="the event's id: a fact is one line")
    at: datetime = Field(sa_type=UtcTime)
    kind: str = Field(max_length=40, description="the event, for example verdict.issued")
    word: str = Field(max_length=40, description="a word of the vocabulary that gives the line its colour")
    line: str
    report_id: str = Field(default="", index=True)
    case_id: str = Field(default="", index=True)
    block_id: str = ""
    held_id: str = ""

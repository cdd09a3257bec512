"""Reports, cases, verdicts."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from services.console.tables.rows import METADATA, Row
from shared.tables import UtcTime

#: What rows that are older than a column hold in it.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Report(Row, table=True):
    """A report: `received` or `rejected` says that the event which describes it has come."""

    metadata = METADATA
    __tablename__ = "console_report"
    __table_args__ = (Index("ix_console_report_at", "at", "id"), Index("ix_console_report_case", "case_id", "at", "id"))

    state: str = Field(default="", max_length=20, description="received, rejected, or empty while unknown")
    case_id: str = ""
    category: str = ""
    reporter: str = ""
    reporter_verified: bool = False
    source: str = ""
    folder: str = ""
    comment: str = ""
    defaulted: bool = False
    low_fidelity: bool = False
    sha256: str = Field(default="", index=True)
    from_address: str = ""
    subject: str = ""
    message: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    envelope: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    reason: str = Field(default="", description="why it was rejected")
    verdict_category: str = ""
    verdict_confidence: float = 0.0
    verdict_version: int = 0
    inherited: bool = False
    resolved_at: datetime | None = Field(
        default=None, sa_type=UtcTime, description="when it was told its first verdict"
    )


class Case(Row, table=True):
    """A case with its decision and its newest verdict."""

    metadata = METADATA
    __tablename__ = "console_case"
    __table_args__ = (
        Index("ix_console_case_at", "at", "id"),
        Index("ix_console_case_verdict", "verdict_at", "verdict_category"),
        Index("ix_console_case_category", "verdict_category", "at", "id"),
        Index("ix_console_case_stage", "stage", "turn_at", "id"),
        Index("ix_console_case_stage_at", "stage", "at", "id"),
        Index("ix_console_case_owner", "owner", "stage", "turn_at", "id"),
    )

    category: str = ""
    subject: str = ""
    from_address: str = ""
    report_count: int = 0
    recipient_count: int = Field(default=0, description="people who are known to have got it or been spared it")
    spared_count: int = Field(default=0, description="of these, whose copies were stopped")
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
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    decided_by: str = ""
    decided_as: str = Field(default="", description="what an operator said it is")
    stage: str = Field(default="work", max_length=8, description="wait (for a person), work, done or merged")
    tallied: bool = Field(default=False, description="it is among those that are counted by stage")
    turn_at: datetime = Field(
        default=EPOCH, sa_type=UtcTime, description="what the queue is sorted by: when it is due, or when it was opened"
    )


class Verdict(Row, table=True):
    """One version of a verdict; its id is `case_id/version`."""

    metadata = METADATA
    __tablename__ = "console_verdict"
    __table_args__ = (
        Index("ix_console_verdict_at", "at", "id"),
        Index("ix_console_verdict_category", "category", "at", "id"),
    )

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


class Reporter(Row, table=True):
    """Somebody who reports, and how often they were right; its id is the address."""

    metadata = METADATA
    __tablename__ = "console_reporter"
    __table_args__ = (Index("ix_console_reporter_count", "report_count", "id"),)

    report_count: int = 0
    right: int = 0
    wrong: int = 0
    last_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Failure(Row, table=True):
    """A submission that was given up."""

    metadata = METADATA
    __tablename__ = "console_failure"
    __table_args__ = (Index("ix_console_failure_at", "at", "id"),)

    case_id: str = Field(default="", index=True)
    reason: str = ""
    attempts: int = 0

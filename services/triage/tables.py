"""The rows of triage."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import IN_KEY_ORDER, UtcTime

METADATA = MetaData()


class Case(SQLModel, table=True):
    """A campaign: like mails that were reported."""

    metadata = METADATA
    __tablename__ = "triage_case"

    case_id: str = Field(primary_key=True, max_length=64)
    opened_at: datetime = Field(sa_type=UtcTime)
    report_count: int = 0
    decision: str = Field(default="", max_length=20)
    priority: str = Field(default="", max_length=20)


class Sample(SQLModel, table=True):
    """A mail of a case that is analysed; reports of copies inherit its verdict. `version` is 0 until there is one."""

    metadata = METADATA
    __tablename__ = "triage_sample"
    __table_args__ = IN_KEY_ORDER

    sha256: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)
    version: int = 0
    category: str = Field(default="", max_length=20)
    confidence: float = 0.0
    untold: bool = Field(default=False, index=True, description="some reports have not been told the newest version")


class Trait(SQLModel, table=True):
    """What makes mails like each other: the mail itself, its body hash, its Message-ID. A trait belongs to one case."""

    metadata = METADATA
    __tablename__ = "triage_trait"
    __table_args__ = IN_KEY_ORDER

    trait: str = Field(primary_key=True, max_length=80)
    case_id: str = Field(max_length=64)
    sample: str = Field(max_length=64)


class Report(SQLModel, table=True):
    """A report, its case and the sample whose verdict it takes."""

    metadata = METADATA
    __tablename__ = "triage_report"
    __table_args__ = (Index("ix_triage_report_told", "sample", "told_version"), IN_KEY_ORDER)

    report_id: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)
    sample: str = Field(max_length=64)
    inherited: bool = False
    told_version: int = 0
    answer_id: str = Field(
        default="", max_length=64, description="of the answer to its reporter; empty when nobody is answered"
    )


class Answer(SQLModel, table=True):
    """What a reporter is told of a case. `category` is what there is to tell, `told` what was told last."""

    metadata = METADATA
    __tablename__ = "triage_answer"

    answer_id: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64)
    reporter: str = Field(max_length=320)
    subject: str = ""
    from_address: str = ""
    reported_at: datetime = Field(sa_type=UtcTime)
    category: str = Field(default="", max_length=20)
    told: str = Field(default="", max_length=20)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    attempts: int = 0
    sent: int = 0

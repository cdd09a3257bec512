"""The rows of triage."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlmodel import Field, SQLModel

from shared.events import fact_id
from shared.tables import IN_KEY_ORDER, UtcTime

METADATA = MetaData()


class Case(SQLModel, table=True):
    """A campaign: like mails that were reported.

    `category`, `confidence` and `version` are the verdict that it stands by, that of its mail `leader`.
    """

    metadata = METADATA
    __tablename__ = "triage_case"

    case_id: str = Field(primary_key=True, max_length=64)
    opened_at: datetime = Field(sa_type=UtcTime)
    report_count: int = 0
    reporter_count: int = 0
    recipient_count: int = Field(default=0, description="people who are known to have got it: reporters and recipients")
    spared_count: int = Field(default=0, description="of these, who did not get it: their copies were held or refused")
    told_recipients: int = Field(default=0, description="the number of people that was told last")
    sample_count: int = 0
    decision: str = Field(default="", max_length=20)
    priority: str = Field(default="", max_length=20)
    category: str = Field(default="", max_length=20)
    confidence: float = 0.0
    version: int = 0
    leader: str = Field(default="", max_length=64)
    waiting_count: int = Field(default=0, description="mails that have no verdict yet")
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    decided_as: str = Field(default="", max_length=20, description="what an operator says it is")
    closed: bool = False
    closings: int = 0


class Kin(SQLModel, table=True):
    """Mails of a case whose content is alike: of these a mail that says nothing inherits, not of what only borrows a name.

    `category`, `confidence` and `version` are its worst verdict, that of its mail `leader`.
    """

    metadata = METADATA
    __tablename__ = "triage_kin"
    __table_args__ = IN_KEY_ORDER

    kin_id: str = Field(primary_key=True, max_length=64)
    sample_count: int = 0
    category: str = Field(default="", max_length=20)
    confidence: float = 0.0
    version: int = 0
    leader: str = Field(default="", max_length=64)


class Sample(SQLModel, table=True):
    """A mail of a case that is analysed; reports of copies inherit its verdict.

    `own_category`, `own_confidence` and `own_version` are what its analysis says; `category`, `confidence` and `version` are
    what its reports are told, which it may have `inherited` from its kin. A version is 0 until there is one.
    """

    metadata = METADATA
    __tablename__ = "triage_sample"
    __table_args__ = IN_KEY_ORDER

    sha256: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)
    asked_as: str = Field(default="", max_length=64, description="the case that its analysis was asked for in")
    kin_id: str = Field(default="", max_length=64, index=True)
    sketch: str = Field(default="", max_length=200)
    marks: str = Field(default="", max_length=200)
    own_version: int = 0
    own_category: str = Field(default="", max_length=20)
    own_confidence: float = 0.0
    version: int = 0
    category: str = Field(default="", max_length=20)
    confidence: float = 0.0
    inherited: bool = False
    untold: bool = Field(default=False, index=True, description="some reports have not been told the newest version")


class Trait(SQLModel, table=True):
    """What makes mails like each other (see rules/likeness.py), and the first mail that had it."""

    metadata = METADATA
    __tablename__ = "triage_trait"
    __table_args__ = IN_KEY_ORDER

    trait: str = Field(primary_key=True, max_length=80)
    sample: str = Field(max_length=64)


class Person(SQLModel, table=True):
    """Somebody who reported or got a mail of a case, as a hash: to count them."""

    metadata = METADATA
    __tablename__ = "triage_person"
    __table_args__ = IN_KEY_ORDER

    person_id: str = Field(primary_key=True, max_length=64)
    has_reported: bool = False
    was_spared: bool = False


class Spared(SQLModel, table=True):
    """Somebody who did not get a mail that no case is known of yet: its copy was held, or an entry stopped it.

    `key` is a trait of the mail, or names the entry or the case that it will be counted in (handlers/spread.py).
    """

    metadata = METADATA
    __tablename__ = "triage_spared"
    __table_args__ = IN_KEY_ORDER

    spared_id: str = Field(primary_key=True, max_length=64)
    key: str = Field(max_length=80, index=True)
    address: str = Field(max_length=320, index=True)
    at: datetime = Field(sa_type=UtcTime, index=True)


class Entry(SQLModel, table=True):
    """An entry of the block list that was made for a case."""

    metadata = METADATA
    __tablename__ = "triage_entry"
    __table_args__ = IN_KEY_ORDER

    block_id: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)


class Reporter(SQLModel, table=True):
    """Somebody who reports, as a hash: how often their reports were right and wrong, fading (see rules/reputation.py)."""

    metadata = METADATA
    __tablename__ = "triage_reporter"
    __table_args__ = IN_KEY_ORDER

    reporter_id: str = Field(primary_key=True, max_length=64)
    right: float = 0.0
    wrong: float = 0.0
    counted_on: int = Field(default=0, description="the day that they were counted last, in days since 1970")


class Asked(SQLModel, table=True):
    """A block that a rule has asked for: once for each case and value."""

    metadata = METADATA
    __tablename__ = "triage_asked"
    __table_args__ = IN_KEY_ORDER

    request_id: str = Field(primary_key=True, max_length=64)


class Report(SQLModel, table=True):
    """A report, its case and the sample whose verdict it takes."""

    metadata = METADATA
    __tablename__ = "triage_report"
    __table_args__ = (Index("ix_triage_report_told", "sample", "told_version"), IN_KEY_ORDER)

    report_id: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)
    sample: str = Field(max_length=64)
    inherited: bool = False
    category: str = Field(default="", max_length=20, description="what it was reported as")
    reporter_id: str = Field(
        default="", max_length=64, description="of its verified reporter, whose reputation it counts for"
    )
    proved: str = Field(default="", max_length=10, description="right, wrong, or empty while nobody knows")
    told_version: int = 0
    answer_id: str = Field(
        default="", max_length=64, description="of the answer to its reporter; empty when nobody is answered"
    )


class Answer(SQLModel, table=True):
    """What a reporter is told of a case. `category` is what there is to tell, `told` what was told last."""

    metadata = METADATA
    __tablename__ = "triage_answer"

    answer_id: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(max_length=64, index=True)
    reporter: str = Field(max_length=320)
    subject: str = ""
    from_address: str = ""
    reported_as: str = Field(default="", max_length=20, description="the category of their first report")
    reported_at: datetime = Field(sa_type=UtcTime)
    category: str = Field(default="", max_length=20)
    told: str = Field(default="", max_length=20)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    attempts: int = 0
    sent: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    wanted: bool = Field(default=False, description="an operator wants it sent even when answers are off")


def reporter_id_of(address: str) -> str:
    """One for each verified reporter."""
    return fact_id("reporter", address.lower())


def spared_id_of(key: str, address: str) -> str:
    """One for each key and person."""
    return fact_id("spared", key, address)


def person_id_of(case_id: str, address: str) -> str:
    """One for each case and person; nothing else of the person is kept there."""
    return fact_id("person", case_id, address)

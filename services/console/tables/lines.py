"""Lines of activity, and counters: what a page would otherwise count again and again."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from services.console.tables.rows import METADATA
from shared.tables import IN_KEY_ORDER, UtcTime
from shared.work import Work


class Activity(SQLModel, table=True):
    """One line of what happened, in words that hold nothing of a mail but whom we told of it; `id` grows in the order of commits."""

    metadata = METADATA
    __tablename__ = "console_activity"
    __table_args__ = (Index("ix_console_activity_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    fact: str = Field(unique=True, description="the event's id: a fact is one line")
    at: datetime = Field(sa_type=UtcTime)
    kind: str = Field(max_length=40, description="the event, for example verdict.issued")
    word: str = Field(max_length=40, description="a word of the vocabulary that gives the line its colour")
    line: str
    report_id: str = Field(default="", index=True)
    case_id: str = ""
    block_id: str = ""
    held_id: str = Field(default="", index=True)
    purge_id: str = Field(default="", index=True)


class Count(SQLModel, table=True):
    """How many there are: of a word in a measure, on a day in UTC or (`day` empty) standing now."""

    metadata = METADATA
    __tablename__ = "console_count"
    __table_args__ = (Index("ix_console_count_words", "measure", "day", "word", "n"), IN_KEY_ORDER)

    id: str = Field(primary_key=True, description="measure/day/word")
    measure: str = Field(max_length=20)
    day: str = Field(default="", max_length=10)
    word: str = ""
    n: int = 0


def count(work: Work, measure: str, word: str, *, day: date | None = None, by: int = 1) -> None:
    """Count `by` more of a word."""
    key = count_key(measure, word, day)
    when = day.isoformat() if day else ""
    row = work.find(Count, key) or work.new(Count, id=key, measure=measure, day=when, word=word)
    row.n += by


def count_key(measure: str, word: str, day: date | None = None) -> str:
    """The id of a counter."""
    return f"{measure}/{day.isoformat() if day else ''}/{word}"


def move(work: Work, measure: str, before: str, after: str) -> None:
    """One of what stands now is counted otherwise; empty: not yet, or not any more."""
    if before != after:
        if before:
            count(work, measure, before, by=-1)
        if after:
            count(work, measure, after)

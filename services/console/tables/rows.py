"""What all rows of the read model have in common."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import MetaData
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
    row = work.find(kind, key) or work.new(kind, id=key, at=work.said_at)
    row.at = min(row.at, work.said_at)
    return row

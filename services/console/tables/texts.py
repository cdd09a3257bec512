"""Words to search reports and held mails by: FTS5 in SQLite, a GIN index over `tsvector` in PostgreSQL.

The words are those of `rules.search.words_of`: lower case, without marks, bounded. `number` grows as rows come, so the newest
matches are found first without sorting all.
"""

from typing import Any, TypeVar

from sqlalchemy import Connection, event
from sqlmodel import Field, SQLModel

from services.console.tables.rows import METADATA
from shared.work import Work


class Text(SQLModel):
    """The words of one row."""

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    ref: str = Field(index=True, description="the id of the report or held mail")
    words: str


class ReportText(Text, table=True):
    """The words of a report."""

    metadata = METADATA
    __tablename__ = "console_report_text"


class HeldText(Text, table=True):
    """The words of a held mail."""

    metadata = METADATA
    __tablename__ = "console_held_text"


T = TypeVar("T", bound=Text)


def searchable(work: Work, kind: type[T], ref: str, words: str) -> None:
    """Let a row be found by these words."""
    work.new(kind, number=work.number(kind), ref=ref, words=words)


_TABLE = "CREATE VIRTUAL TABLE {name}_fts USING fts5(words, content='{name}', content_rowid='number')"
_IN = """CREATE TRIGGER {name}_in AFTER INSERT ON {name}
BEGIN INSERT INTO {name}_fts(rowid, words) VALUES (new.number, new.words); END"""
_OUT = """CREATE TRIGGER {name}_out AFTER DELETE ON {name}
BEGIN INSERT INTO {name}_fts({name}_fts, rowid, words) VALUES ('delete', old.number, old.words); END"""
_GIN = "CREATE INDEX {name}_fts ON {name} USING gin (to_tsvector('simple', words))"


def _index(table: Any, connection: Connection, **_: Any) -> None:
    for statement in (_TABLE, _IN, _OUT) if connection.dialect.name == "sqlite" else (_GIN,):
        connection.exec_driver_sql(statement.format(name=table.name))


for one in (ReportText, HeldText):
    event.listen(one.metadata.tables[one.__tablename__], "after_create", _index)

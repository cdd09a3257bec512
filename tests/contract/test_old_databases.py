"""A database that an older version made goes on: its rows stay, and rows of today can be added beside them."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Connection, DateTime, Integer, MetaData, String, Table, inspect, select, text

from longstop.services import services
from shared.run import Service
from shared.stores.upgrade import upgrade
from shared.work import Database

OLD = (Path(__file__).parent / "schemas" / "first.sql").read_text()

#: A value for each type that a column of an old table has.
VALUES = {"INTEGER": 1, "FLOAT": 0.5, "BOOLEAN": True, "DATETIME": "2026-11-24 02:48:16.000000", "JSON": "[]"}


def fill(old: sqlite3.Connection) -> dict[str, int]:
    """One row in every table; how many each has."""
    names = [name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = [name for name in names if "_fts" not in name and "_text" not in name]
    for table in tables:
        columns = [(row[1], VALUES.get(row[2], "x")) for row in old.execute(f"PRAGMA table_info({table})")]
        named, marks = ", ".join(f'"{name}"' for name, _ in columns), ", ".join("?" * len(columns))
        old.execute(f"INSERT INTO {table} ({named}) VALUES ({marks})", [value for _, value in columns])  # noqa: S608
    old.commit()
    return dict.fromkeys(tables, 1)


@pytest.mark.parametrize("one", services(), ids=lambda one: one.name)
async def test_the_first_versions_database_goes_on(one: Service, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(OLD)
        rows = fill(old)
    database = Database(f"sqlite:///{path}", one.name, one.tables)
    await database.create()
    await database.close()
    with closing(sqlite3.connect(path)) as now:
        for name, count in rows.items():
            assert now.execute(f"SELECT count(*) FROM {name}").fetchone() == (count,)  # noqa: S608
        for table in one.tables.tables.values():
            there = {row[1]: row for row in now.execute(f"PRAGMA table_info({table.name})")}
            assert set(table.columns.keys()) <= set(there)
            asked_for = {name for name, row in there.items() if row[3] and row[4] is None and not row[5]}
            assert asked_for <= set(table.columns.keys()), f"{table.name} asks for what nobody says any more"


BEFORE = MetaData()
Table(
    "old_note",
    BEFORE,
    Column("name", String, primary_key=True),
    Column("gone", String, nullable=False, index=True),
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    now = MetaData()
    Table(
        "old_note",
        now,
        Column("name", String, primary_key=True),
        Column("count", Integer, nullable=False, default=7),
        Column("tags", JSON, nullable=False, default=list),
        Column("at", DateTime(timezone=True), nullable=False, default=datetime(1970, 1, 1, tzinfo=UTC)),
    )
    made = Database(database_url, "old", now)
    yield made
    await made.close()


async def test_old_rows_take_defaults_and_new_ones_need_not_say_what_is_gone(database: Database) -> None:
    def begin(connection: Connection) -> None:
        BEFORE.create_all(connection)
        connection.execute(text("INSERT INTO old_note (name, gone) VALUES ('old', 'x')"))
        upgrade(connection, database._metadata)
        upgrade(connection, database._metadata)  # what is done is not done again

    await database.run(lambda work: begin(work.session.connection()))
    note: Any = database._metadata.tables["old_note"]
    await database.run(lambda work: bool(work.session.execute(note.insert().values(name="new", tags=["a"]))))

    def read(connection: Connection) -> list[Any]:
        assert inspect(connection).has_table("old_note")
        return [
            (row.name, row.count, row.tags, row.at.year)
            for row in connection.execute(select(note.c["name", "count", "tags", "at"]))
        ]

    rows = await database.look(lambda session: read(session.connection()))
    assert sorted(rows) == [("new", 7, ["a"], 1970), ("old", 7, [], 1970)]


async def test_a_column_that_is_made_for_each_row_cannot_be_added_to_rows_that_are_there(database: Database) -> None:
    later = MetaData()
    Table(
        "old_note",
        later,
        Column("name", String, primary_key=True),
        Column("id", String, nullable=False, default=lambda: "x"),
    )

    def begin(connection: Connection) -> None:
        BEFORE.create_all(connection)
        upgrade(connection, later)

    with pytest.raises(TypeError, match="needs a default"):
        await database.run(lambda work: begin(work.session.connection()))

"""Making a database what the code expects: tables, and columns and indexes that were added to them since.

Only additions: a column that goes away stays behind unused, but for one that must be given a value and no longer is. What is
more than that needs a version of its own.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Inspector, MetaData, Table, inspect
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql import literal


def upgrade(connection: Connection, metadata: MetaData) -> None:
    """Make what is not there yet."""
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    metadata.create_all(connection)
    for table in metadata.tables.values():
        if table.name not in there:
            continue
        _release(table, inspector, connection)
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in columns:
                quoted = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {_definition(column, connection)}")
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                index.create(connection)


def _definition(column: Column[Any], connection: Connection) -> str:
    """The column's DDL; a column that must not be NULL takes its Python default for the rows that are there."""
    definition = str(CreateColumn(column).compile(dialect=connection.dialect))
    if column.nullable or column.server_default is not None:
        return definition
    value = _default(column)
    if value is None:
        raise TypeError(f"{column.table.name}.{column.name} needs a default to be added to rows that are there")
    given = literal("[]" if value == [] else "{}") if value in ([], {}) else literal(value, column.type)
    default = given.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return f"{definition} DEFAULT {default}"


def _default(column: Column[Any]) -> str | float | datetime | list[Any] | dict[str, Any] | None:
    """What the rows that are there take: a constant, or what is empty; anything else is made anew for each row."""
    given = column.default
    value = getattr(given, "arg", None)
    if given is not None and given.is_callable:
        value = value(None) if callable(value) else None  # SQLAlchemy passes a context
        return value if value in ([], {}) else None
    return value if isinstance(value, str | int | float | datetime) else None


def _release(table: Table, inspector: Inspector, connection: Connection) -> None:
    """Let rows be added that know nothing of columns that went away."""
    quote = connection.dialect.identifier_preparer.quote
    named = quote(table.name)
    gone = [
        column
        for column in inspector.get_columns(table.name)
        if column["name"] not in table.columns and not column["nullable"] and column["default"] is None
    ]
    for column in gone:
        name = quote(column["name"])
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"ALTER TABLE {named} ALTER COLUMN {name} DROP NOT NULL")
            continue
        for index in inspector.get_indexes(table.name):
            if column["name"] in index["column_names"]:
                connection.exec_driver_sql(f"DROP INDEX {quote(str(index['name']))}")
        connection.exec_driver_sql(f"ALTER TABLE {named} DROP COLUMN {name}")  # NOT NULL cannot be dropped
    if gone:
        inspector.clear_cache()  # else every start would ask the database twice about every table

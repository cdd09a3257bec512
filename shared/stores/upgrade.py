"""Making a database what the code expects: tables, and columns and indexes that were added to them since.

Only additions: a column that goes away stays behind unused. What is more than an addition needs a version of its own.
"""

from typing import Any

from sqlalchemy import Column, Connection, MetaData, inspect
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
    value = getattr(column.default, "arg", None)
    if not isinstance(value, str | int | float):
        raise TypeError(f"{column.table.name}.{column.name} needs a default to be added to rows that are there")
    default = literal(value, column.type).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return f"{definition} DEFAULT {default}"

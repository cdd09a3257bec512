"""One statement for many rows, handed to the driver as it wants them.

SQLAlchemy makes the parameters of every row anew with some twenty calls each, which for the few columns of an outbox row
costs more than the database does. Here a statement is compiled once for each dialect, and rows are tuples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement of one dialect: its text, the order of its parameters, and what some of them go through before."""

    sql: str
    order: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None
    processes: Sequence[tuple[int, Process]]


class Bulk:
    """An INSERT or UPDATE whose rows are tuples of the values of `names`, in that order."""

    def __init__(self, statement: Insert | Update, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = list(names)
        self._prepared: dict[str, _Prepared] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute it for all rows; there must be one.

        Raises:
            DBAPIError: as any statement does.
        """
        dialect = connection.dialect
        prepared = self._prepared.get(dialect.name)
        if prepared is None:
            prepared = self._prepared[dialect.name] = self._prepare(dialect)
        if prepared.processes:
            columns: list[Any] = list(zip(*rows, strict=True))
            for position, process in prepared.processes:
                columns[position] = _each(process, columns[position])
            rows = list(zip(*columns, strict=True))
        if prepared.order:
            rows = list(map(prepared.order, rows))
        connection.exec_driver_sql(prepared.sql, rows)

    def _prepare(self, dialect: Dialect) -> _Prepared:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._names)
        positions = [self._names.index(name) for name in compiled.positiontup]
        processes = []
        for position, name in enumerate(self._names):
            process = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                processes.append((position, process))
        in_order = positions == list(range(len(self._names)))
        return _Prepared(compiled.string, None if in_order else _picker(positions), processes)


def _each(process: Process, values: Sequence[Any]) -> list[Any]:
    """What the values become; the same object, such as the moment of a batch, only once."""
    ids = list(map(id, values))
    known = {one: process(value) for one, value in dict(zip(ids, values, strict=True)).items()}
    return list(map(known.__getitem__, ids))


def _picker(positions: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if len(positions) == 1:
        (only,) = positions
        return lambda row: (row[only],)
    return itemgetter(*positions)

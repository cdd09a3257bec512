"""The rows that one unit of work looks at and makes: many in one statement, though handlers write as if one by one.

A statement costs a hundred times what a row in it costs. So what a batch of events will need is looked up before, all at
once (`foresee`), handlers find it without a statement, and new rows are kept until the end and inserted together.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Table, insert, inspect
from sqlmodel import Session, SQLModel, select

R = TypeVar("R", bound=SQLModel)

#: Values in one statement: SQLite once allowed 999.
IN_MAX = 500


class Rows:
    """The rows of one transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._known: dict[tuple[type[SQLModel], Any], Any] = {}
        self._groups: dict[tuple[type[SQLModel], str, Any], list[Any]] = {}
        self._new: dict[type[SQLModel], list[SimpleNamespace]] = {}

    def foresee(self, kind: type[R], keys: Iterable[str]) -> list[R]:
        """Look up the rows of these keys in one statement; later `find` knows them, and which are not there."""
        missing = [key for key in dict.fromkeys(keys) if (kind, key) not in self._known]
        if not missing:
            return []
        column = getattr(kind, _shape(kind).table.primary_key.columns[0].key)
        rows: list[R] = []
        for start in range(0, len(missing), IN_MAX):
            rows += self.session.exec(select(kind).where(column.in_(missing[start : start + IN_MAX])))
        self._known.update({(kind, key): None for key in missing})
        self._known.update({(kind, getattr(row, column.key)): row for row in rows})
        return rows

    def foresee_by(
        self, kind: type[R], column: Any, values: Collection[str], *also: ColumnElement[bool], limit: int
    ) -> None:
        """Look up all rows whose `column` is one of `values`; when there are more than `limit`, nothing is foreseen."""
        rows: list[R] = []
        distinct = list(dict.fromkeys(values))
        for start in range(0, len(distinct), IN_MAX):
            query = select(kind).where(column.in_(distinct[start : start + IN_MAX]), *also).limit(limit + 1 - len(rows))
            rows += self.session.exec(query)
            if len(rows) > limit:
                return
        found: dict[str, list[R]] = {value: [] for value in distinct}
        for row in rows:
            found[getattr(row, column.key)].append(row)
        self._groups.update({(kind, column.key, value): group for value, group in found.items()})

    def find(self, kind: type[R], key: Any) -> R | None:
        """The row of this key, or None."""
        known = (kind, key)
        if known not in self._known:
            self._known[known] = self.session.get(kind, key)
        return cast("R | None", self._known[known])

    def get(self, kind: type[R], key: Any) -> R:
        """The row of this key, which must be there.

        Raises:
            LookupError: it is not.
        """
        row = self.find(kind, key)
        if row is None:
            raise LookupError(f"no row of {kind.__name__} has this key")
        return row

    def find_by(self, kind: type[R], column: Any, value: str) -> list[R] | None:
        """The rows that were foreseen for this value of `column`; None when they were not."""
        return self._groups.get((kind, column.key, value))

    def overlook(self, kind: type[SQLModel], column: Any, value: str) -> None:
        """What was foreseen for this value is not true any more."""
        self._groups.pop((kind, column.key, value), None)

    def new(self, kind: type[R], **values: Any) -> R:
        """Insert a row at the end; its key must not be there yet. Until then it may be read and changed.

        It is no instance of `kind` but has its attributes: making one costs more than all else about a row.

        Raises:
            TypeError: a value has no column, or a column no value.
        """
        shape = _shape(kind)
        row = SimpleNamespace(**{**shape.defaults, **values})
        if row.__dict__.keys() != shape.names:
            raise TypeError(f"{kind.__name__} has {sorted(shape.names ^ row.__dict__.keys())} otherwise")
        self._new.setdefault(kind, []).append(row)
        self._known[kind, shape.key_of(row)] = row
        return cast("R", row)

    def flush(self) -> None:
        """Write changes first, then the new rows, each table in one statement."""
        self.session.flush()
        for kind, rows in self._new.items():
            shape = _shape(kind)
            self.session.connection().execute(insert(shape.table), [row.__dict__ for row in rows])
            for row in rows:  # whoever changes it from now on finds it through the session
                del self._known[kind, shape.key_of(row)]
        self._new = {}

    def forget(self) -> None:
        """Drop what was looked up and made in a savepoint that was rolled back."""
        self._known, self._groups, self._new = {}, {}, {}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of a class of rows."""

    table: Table
    names: frozenset[str]
    defaults: Mapping[str, Any]
    key_of: Callable[[Any], Any]


@cache
def _shape(kind: type[SQLModel]) -> _Shape:
    table = inspect(kind).local_table
    fields = kind.model_fields
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
    return _Shape(table, frozenset(fields), defaults, attrgetter(*(column.key for column in table.primary_key)))

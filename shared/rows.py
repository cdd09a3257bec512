"""The rows that one unit of work looks at, changes and makes: many in one statement, though handlers write as if one by one.

A statement costs a hundred times what a row in it costs, and an object that a mapper watches ten times what a plain one
does. So what a batch of events will need is looked up at once (`foresee`), rows are plain objects with the attributes of
their class, and changes and new rows are written together at the end.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, insert, inspect, select, update
from sqlmodel import Session, SQLModel

from shared.bulk import Bulk

R = TypeVar("R", bound=SQLModel)

#: Values in one statement: SQLite once allowed 999.
IN_MAX = 500


class Rows:
    """The rows of one transaction. `session` is for what these cannot say; flush before a query that must see changes."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._known: dict[tuple[type[SQLModel], Any], Any] = {}
        self._groups: dict[tuple[type[SQLModel], str, Any], list[Any]] = {}
        self._loaded: dict[type[SQLModel], list[tuple[SimpleNamespace, tuple[Any, ...]]]] = {}
        self._new: dict[type[SQLModel], list[SimpleNamespace]] = {}
        self._numbers: dict[type[SQLModel], int] = {}

    def load(self, kind: type[R], *where: Any, limit: int | None = None) -> list[R]:
        """Rows by a condition; what is changed in them is written by `flush`."""
        shape = _shape(kind)
        query = select(shape.table).where(*where).limit(limit)
        rows: list[Any] = []
        for values in self.session.connection().execute(query):
            row = SimpleNamespace(**dict(zip(shape.names, values, strict=True)))
            known = self._known.get((kind, shape.key_of(row)))
            if known is None:
                self._known[kind, shape.key_of(row)] = known = row
                self._loaded.setdefault(kind, []).append((row, tuple(values)))
            rows.append(known)
        return cast("list[R]", rows)

    def foresee(self, kind: type[R], keys: Iterable[str]) -> list[R]:
        """Look up the rows of these keys together; later `find` knows them, and which are not there."""
        missing = [key for key in dict.fromkeys(keys) if (kind, key) not in self._known]
        key = _shape(kind).table.primary_key.columns[0]
        rows: list[R] = []
        for start in range(0, len(missing), IN_MAX):
            rows += self.load(kind, key.in_(missing[start : start + IN_MAX]))
        for one in missing:
            self._known.setdefault((kind, one), None)
        return rows

    def foresee_by(
        self, kind: type[R], column: Any, values: Collection[str], *also: ColumnElement[bool], limit: int
    ) -> None:
        """Look up all rows whose `column` is one of `values`; when there are more than `limit`, nothing is foreseen."""
        rows: list[R] = []
        distinct = list(dict.fromkeys(values))
        for start in range(0, len(distinct), IN_MAX):
            here = column.in_(distinct[start : start + IN_MAX])
            rows += self.load(kind, here, *also, limit=limit + 1 - len(rows))
            if len(rows) > limit:
                return
        found: dict[str, list[R]] = {value: [] for value in distinct}
        for row in rows:
            found[getattr(row, column.key)].append(row)
        self._groups.update({(kind, column.key, value): group for value, group in found.items()})

    def find(self, kind: type[R], key: str) -> R | None:
        """The row of this key, or None."""
        if (kind, key) not in self._known:
            self.foresee(kind, [key])
        return cast("R | None", self._known[kind, key])

    def known(self, kind: type[R], key: str) -> R | None:
        """The row of this key when it was looked up already and is there."""
        return cast("R | None", self._known.get((kind, key)))

    def seen(self, kind: type[R]) -> list[R]:
        """The rows that were looked up or made so far: change them, too, after a statement of `session` that did, and flush."""
        return [cast("R", row) for (of, _), row in self._known.items() if of is kind and row is not None]

    def get(self, kind: type[R], key: str) -> R:
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

    def new(self, kind: type[R], /, **values: Any) -> R:
        """Insert a row at the end; its key must not be there yet. Until then it may be read and changed.

        Raises:
            TypeError: a value has no column, or a column no value.
        """
        shape = _shape(kind)
        made = {name: make() for name, make in shape.factories.items()}
        row = SimpleNamespace(**{**shape.defaults, **made, **values})
        if row.__dict__.keys() != shape.name_set:
            raise TypeError(f"{kind.__name__} has {sorted(shape.name_set ^ row.__dict__.keys())} otherwise")
        self._new.setdefault(kind, []).append(row)
        self._known[kind, shape.key_of(row)] = row
        return cast("R", row)

    def number(self, kind: type[SQLModel]) -> int:
        """The next number for a row of `kind` whose key counts up: nobody writes beside us, so no database has to say it."""
        if kind not in self._numbers:
            (key,) = _shape(kind).table.primary_key.columns
            self._numbers[kind] = self.session.connection().execute(select(func.max(key))).scalar() or 0
        self._numbers[kind] += 1
        return self._numbers[kind]

    def flush(self) -> None:
        """Write changes first, then the new rows, each table in one statement."""
        self.session.flush()
        for kind, loaded in self._loaded.items():
            self._write_changes(_shape(kind), loaded)
        for kind, rows in self._new.items():
            shape = _shape(kind)
            values = list(map(shape.values_of, rows))
            shape.insert.run(self.session.connection(), values)
            self._loaded.setdefault(kind, []).extend(zip(rows, values, strict=True))
        self._new = {}

    def forget(self) -> None:
        """Drop what was looked up and made: in a savepoint that was rolled back, or that is written and done with."""
        self._known, self._groups, self._loaded, self._new, self._numbers = {}, {}, {}, {}, {}

    def _write_changes(self, shape: "_Shape", loaded: list[tuple[SimpleNamespace, tuple[Any, ...]]]) -> None:
        changes: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
        for position, (row, before) in enumerate(loaded):
            values = shape.values_of(row)
            if values != before:
                changed = tuple(place for place, value in enumerate(values) if value != before[place])
                written = (*(values[place] for place in changed), *(values[place] for place in shape.keys))
                changes.setdefault(changed, []).append(written)
                loaded[position] = (row, values)
        for changed, rows in changes.items():
            shape.update_of(changed).run(self.session.connection(), rows)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of a class of rows."""

    table: Table
    names: tuple[str, ...]
    name_set: frozenset[str]
    keys: tuple[int, ...]  # places of the primary key among the names
    defaults: Mapping[str, Any]
    factories: Mapping[str, Callable[[], Any]]
    key_of: Callable[[Any], Any]
    values_of: Callable[[Any], tuple[Any, ...]]
    insert: Bulk
    _updates: dict[tuple[int, ...], Bulk] = field(default_factory=dict)

    def update_of(self, changed: tuple[int, ...]) -> Bulk:
        """The statement that changes the columns at these places: their values, then the key."""
        if changed not in self._updates:
            new, keys = [self.names[place] for place in changed], [self.names[place] for place in self.keys]
            where = [self.table.c[key] == bindparam(f"key_{key}") for key in keys]
            statement = update(self.table).where(*where).values({name: bindparam(f"new_{name}") for name in new})
            self._updates[changed] = Bulk(
                statement, [*(f"new_{name}" for name in new), *(f"key_{key}" for key in keys)]
            )
        return self._updates[changed]


@cache
def _shape(kind: type[SQLModel]) -> _Shape:
    table = inspect(kind).local_table
    fields = {name: field for name, field in kind.model_fields.items() if not field.is_required()}
    factories: dict[str, Any] = {name: one.default_factory for name, one in fields.items() if one.default_factory}
    defaults = {name: one.default for name, one in fields.items() if name not in factories}
    names = tuple(table.columns.keys())
    keys = tuple(column.key for column in table.primary_key)
    return _Shape(
        table,
        names,
        frozenset(names),
        tuple(map(names.index, keys)),
        defaults,
        factories,
        attrgetter(*keys),
        attrgetter(*names),
        Bulk(insert(table).inline(), names),
    )

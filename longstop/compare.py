"""Two databases of one service, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, MetaData, RowMapping, Select, Table, func, select, tuple_
from sqlmodel import Session

from shared.work import Database

#: Rows of one look.
PAGE = 200


@dataclass(slots=True)
class Difference:
    """How a table differs, in rows; `columns` counts those in which rows of one key do."""

    table: str
    same: int = 0
    different: int = 0
    only_old: int = 0
    only_new: int = 0
    columns: dict[str, int] = field(default_factory=dict)


async def compare(old: Database, new: Database, tables: MetaData) -> list[Difference]:
    """Every table of the service but its inbox, outbox and readers, which every service has and no two are alike.

    Raises:
        Defer: a database cannot be read now.
    """
    general = {old.inbox.name, old.outbox.name, old.readers.name}
    return [await _compare(old, new, table) for name, table in sorted(tables.tables.items()) if name not in general]


async def _compare(old: Database, new: Database, table: Table) -> Difference:
    found = Difference(table.name)
    keys = list(table.primary_key.columns)
    matched, after = 0, None
    while True:
        page = select(table).order_by(*keys).limit(PAGE)
        rows = await new.look(partial(_rows, page if after is None else page.where(_beyond(keys, after))))
        if not rows:
            break
        after = _key(rows[-1], keys)
        same_keys = select(table).where(tuple_(*keys).in_([_key(row, keys) for row in rows]))
        others = {_key(row, keys): row for row in await old.look(partial(_rows, same_keys))}
        for row in rows:
            other = others.get(_key(row, keys))
            if other is None:
                found.only_new += 1
                continue
            matched += 1
            columns = list(_unlike(row, other))
            found.different += bool(columns)
            for name in columns:
                found.columns[name] = found.columns.get(name, 0) + 1
    found.same = matched - found.different
    found.only_old = await old.look(partial(_count, table)) - matched
    return found


def _beyond(keys: Sequence[ColumnElement[Any]], after: tuple[Any, ...]) -> ColumnElement[bool]:
    return tuple_(*keys) > tuple_(*after)


def _key(row: RowMapping, keys: Sequence[ColumnElement[Any]]) -> tuple[Any, ...]:
    return tuple(row[key] for key in keys)


def _unlike(one: RowMapping, other: RowMapping) -> Iterator[str]:
    return (name for name, value in one.items() if value != other[name])


def _rows(query: Select[Any], session: Session) -> Sequence[RowMapping]:
    return session.execute(query).mappings().all()


def _count(table: Table, session: Session) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0

"""Rows of a unit of work: looked up together, changed as plain objects, written together."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, event
from sqlmodel import Field, SQLModel, col, select

from shared.work import Work
from tests.databases import QuickDatabase, quick

METADATA = MetaData()


class Box(SQLModel, table=True):
    metadata = METADATA
    __tablename__ = "rows_box"

    name: str = Field(primary_key=True)
    shelf: str = ""
    weight: int = 0


class Label(SQLModel, table=True):
    metadata = METADATA
    __tablename__ = "rows_label"

    box: str = Field(primary_key=True)
    word: str = Field(primary_key=True)
    seen: int = 0


class Store:
    def __init__(self, folder: Path) -> None:
        self.database: QuickDatabase = quick(folder, "rows", METADATA)
        self.statements: list[str] = []
        event.listen(self.database.writer, "before_cursor_execute", self._remember)

    def _remember(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def boxes(self) -> dict[str, tuple[str, int]]:
        found = self.database.see(lambda session: list(session.exec(select(Box))))
        return {box.name: (box.shelf, box.weight) for box in found}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.database.do(lambda work: [work.new(Box, name=name, shelf="top") for name in "abc"] and None)
    made.statements.clear()
    return made


def test_what_is_foreseen_is_found_without_a_statement_and_so_is_what_is_not_there(store: Store) -> None:
    def job(work: Work) -> None:
        work.foresee(Box, ["a", "b", "x"])
        asked = len(store.statements)
        assert [work.find(Box, name) is not None for name in ("a", "b", "x")] == [True, True, False]
        assert len(store.statements) == asked

    store.database.do(job)


def test_changes_of_many_rows_leave_in_one_statement_and_only_what_changed(store: Store) -> None:
    def job(work: Work) -> None:
        work.foresee(Box, "abc")
        work.get(Box, "a").weight = 5
        work.get(Box, "b").weight = 7
        work.get(Box, "c").weight = 0  # as before

    store.database.do(job)
    assert sum(statement.startswith("UPDATE") for statement in store.statements) == 1
    assert store.boxes() == {"a": ("top", 5), "b": ("top", 7), "c": ("top", 0)}


def test_a_new_row_is_found_and_may_be_changed_before_and_after_it_is_written(store: Store) -> None:
    def job(work: Work) -> None:
        work.new(Box, name="new")
        work.get(Box, "new").weight = 1
        work.flush()
        work.get(Box, "new").weight += 1

    store.database.do(job)
    assert store.boxes()["new"] == ("", 2)


def test_a_row_is_one_object_however_it_is_looked_up(store: Store) -> None:
    def job(work: Work) -> None:
        first = work.get(Box, "a")
        first.weight = 3
        (same, *_) = work.load(Box, col(Box.name) == "a")
        assert same is first
        assert same.weight == 3

    store.database.do(job)


def test_groups_are_foreseen_whole_or_not_at_all(store: Store) -> None:
    def job(work: Work) -> None:
        work.foresee_by(Box, Box.shelf, ["top", "low"], limit=3)
        assert sorted(box.name for box in work.find_by(Box, Box.shelf, "top") or []) == ["a", "b", "c"]
        assert work.find_by(Box, Box.shelf, "low") == []
        work.overlook(Box, Box.shelf, "low")
        assert work.find_by(Box, Box.shelf, "low") is None
        work.forget()
        work.foresee_by(Box, Box.shelf, ["top"], limit=2)
        assert work.find_by(Box, Box.shelf, "top") is None

    store.database.do(job)


def test_a_key_of_two_columns_is_updated_by_both(store: Store) -> None:
    store.database.do(lambda work: [work.new(Label, box="a", word=word) for word in "xy"] and None)

    def job(work: Work) -> None:
        (label,) = work.load(Label, col(Label.box) == "a", col(Label.word) == "x")
        label.seen = 1

    store.database.do(job)
    found = store.database.see(lambda session: sorted((one.word, one.seen) for one in session.exec(select(Label))))
    assert found == [("x", 1), ("y", 0)]


def test_a_rolled_back_savepoint_is_forgotten(store: Store) -> None:
    def job(work: Work) -> None:
        work.foresee(Box, "a")
        savepoint = work.session.begin_nested()
        work.get(Box, "a").weight = 9
        work.new(Box, name="never")
        work.flush()
        savepoint.rollback()
        work.forget()
        assert work.get(Box, "a").weight == 0
        assert work.find(Box, "never") is None

    store.database.do(job)
    assert store.boxes() == dict.fromkeys("abc", ("top", 0))


def test_a_row_with_a_wrong_or_a_missing_value_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="colour"):
        store.database.do(lambda work: work.new(Box, name="d", colour="red") and None)
    with pytest.raises(TypeError, match="name"):
        store.database.do(lambda work: work.new(Box, shelf="top") and None)


def test_a_row_that_must_be_there_and_is_not_is_an_error(store: Store) -> None:
    with pytest.raises(LookupError):
        store.database.do(lambda work: work.get(Box, "x") and None)


def test_more_keys_than_one_statement_takes_are_asked_in_several(store: Store) -> None:
    names = [f"n{number}" for number in range(1_200)]
    store.database.do(lambda work: [work.new(Box, name=name) for name in names] and None)
    store.statements.clear()
    found: list[str] = store.database.do(lambda work: [box.name for box in work.foresee(Box, names)])
    assert sorted(found) == sorted(names)
    assert sum(statement.startswith("SELECT") for statement in store.statements) == 3

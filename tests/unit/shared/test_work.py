"""Work: one transaction, committed by the edge or not at all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import MetaData, func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Field, Session, SQLModel, col

from shared.errors import Defer
from shared.events import CaseJoined
from shared.stores.turn import Turn
from shared.tables import UtcTime
from shared.work import Database, Work

METADATA = MetaData()


class Note(SQLModel, table=True):
    metadata = METADATA
    __tablename__ = "work_note"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/work.db", "work", METADATA)
    await made.create()
    yield made
    await made.close()


async def test_rows_and_events_are_committed_together(database: Database) -> None:
    def job(work: Work) -> None:
        work.session.add(Note(name="a", at=work.at))
        work.emit(CaseJoined(case_id="c", report_id="r", report_count=1))

    await database.run(job)
    assert await database.look(lambda session: session.scalar(select(func.count()).select_from(Note))) == 1
    assert await database.look(lambda session: session.scalar(select(func.count()).select_from(database.outbox))) == 1


async def test_nothing_stays_of_work_that_raises(database: Database) -> None:
    def job(work: Work) -> None:
        work.session.add(Note(name="a", at=work.at))
        work.emit(CaseJoined(case_id="c", report_id="r", report_count=1))
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await database.run(job)
    assert await database.look(lambda session: session.scalar(select(func.count()).select_from(Note))) == 0
    assert await database.look(lambda session: session.scalar(select(func.count()).select_from(database.outbox))) == 0


async def test_a_receipt_is_given_once(database: Database) -> None:
    receipts = [("s", str(number)) for number in range(1000)]
    assert await database.run(lambda work: work.take_in(receipts)) == set(receipts)
    again = [*receipts[990:], ("s", "new"), ("other", "1")]
    assert await database.run(lambda work: work.take_in(again)) == {("s", "new"), ("other", "1")}


async def test_a_commit_wakes_those_who_wait_unless_it_is_quiet(database: Database) -> None:
    wake = database.wake_on_commit()
    await database.run(lambda _: None, quiet=True)
    assert not wake.is_set()
    await database.run(lambda _: None)
    assert wake.is_set()


@pytest.mark.usefixtures("database")
async def test_a_locked_database_defers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stores.sqlite.BUSY_TIMEOUT_MS", 10)
    impatient = Database(f"sqlite:///{tmp_path}/work.db", "work", METADATA)
    with closing(sqlite3.connect(tmp_path / "work.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Defer, match="locked"):
            await impatient.run(lambda work: work.session.add(Note(name="b", at=work.at)))
    await impatient.run(lambda work: work.session.add(Note(name="b", at=work.at)))
    await impatient.close()


async def test_moments_stay_aware_and_in_utc(database: Database) -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    await database.run(lambda work: work.session.add(Note(name="a", at=at)))

    def read(session: Session) -> datetime:
        return session.scalars(select(Note)).one().at

    assert await database.look(read) == at


async def test_a_naive_moment_is_refused(database: Database) -> None:
    naive = datetime(2026, 3, 29)  # noqa: DTZ001 - that is the point
    with pytest.raises(Exception, match="zone"):
        await database.run(lambda work: work.session.add(Note(name="a", at=naive)))


def test_a_database_that_is_not_supported_is_named() -> None:
    with pytest.raises(ValueError, match="LONGSTOP_DATABASE_URL"):
        Database("mysql://x/y", "work", MetaData())


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=-23)), timezone(timedelta(hours=23)), UTC])
async def test_a_row_may_have_the_first_and_the_last_moment_of_any_zone(database_url: str, zone: timezone) -> None:
    store = Database(database_url, "work", METADATA)
    await store.create()
    moments = {str(year): datetime(year, 1 + year // 9999 * 11, 31, 12, tzinfo=zone) for year in (1, 9999)}
    await store.run(lambda work: work.session.add_all(Note(name=name, at=at) for name, at in moments.items()))
    found = await store.look(lambda session: list(session.scalars(select(Note).order_by(Note.name))))
    assert [note.at.year for note in found] == [1, 9999]
    await store.close()


async def test_a_character_that_a_database_cannot_keep_stops_nothing(database_url: str) -> None:
    store = Database(database_url, "work", METADATA)
    await store.create()

    def write(work: Work) -> None:
        work.session.add_all([Note(name="a\0b", at=work.at), Note(name="plain", at=work.at)])
        work.take_in([("s\0", "1"), ("t", "2")])

    await store.run(write)
    found = await store.look(lambda session: session.scalars(select(Note).where(col(Note.name) == "a\0b")).one())
    assert found.name in {"a\0b", "a\ufffdb"}
    await store.close()


async def test_an_error_of_the_database_tells_nothing_of_the_rows(database_url: str) -> None:
    store = Database(database_url, "work", METADATA)
    await store.create()
    await store.run(lambda work: work.session.add(Note(name="a private subject", at=work.at)))

    def again(work: Work) -> None:
        work.session.connection().execute(insert(Note).values(name="a private subject", at=work.at))

    with pytest.raises(IntegrityError) as error:
        await store.run(again)
    assert "private" not in str(error.value).partition("DETAIL")[0]
    await store.close()


async def test_a_damaged_file_is_the_databases_fault_and_not_that_of_what_was_asked(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path}/work.db", "work", METADATA)
    await made.create()

    def say_much(work: Work) -> None:
        for number in range(500):
            work.emit(CaseJoined(case_id="c", report_id=f"{number}", report_count=1))

    await made.run(say_much)
    await made.close()
    path = tmp_path / "work.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    damaged = Database(f"sqlite:///{tmp_path}/work.db", "work", METADATA)
    try:
        with pytest.raises(Defer, match="malformed"):
            await damaged.look(lambda session: session.execute(select(damaged.outbox)).all())
        with pytest.raises(Defer, match="malformed"):
            await damaged.run(lambda work: work.emit(CaseJoined(case_id="c", report_id="r", report_count=1)))
    finally:
        await damaged.close()
    path.write_bytes(b"this is no database" * 1000)
    other = Database(f"sqlite:///{tmp_path}/work.db", "work", METADATA)
    with pytest.raises(Defer, match="not a database"):
        await other.create()
    await other.close()


async def test_many_who_ask_a_server_that_hangs_are_told_to_come_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_MAX_S", 0.2)
    database = Database(postgres_url, "work", MetaData())

    async def ask() -> object:
        return await database.look(lambda session: session.execute(text("SELECT pg_sleep(1)")).scalar())

    try:
        answers = await asyncio.gather(*(ask() for _ in range(8)), return_exceptions=True)
    finally:
        await database.close()
    told = [one for one in answers if one]
    assert told, "there was a connection for everybody"
    assert {str(one) for one in told} == {"the database of work cannot be read now: the server does not answer in time"}
    assert {type(one) for one in told} == {Defer}


async def test_nobody_waits_for_their_turn_for_ever() -> None:
    turn = Turn(wait_max_s=0.01)
    async with turn.taken():
        with pytest.raises(OperationalError, match="takes too long"):
            async with turn.taken():
                pass
    async with turn.taken():
        pass

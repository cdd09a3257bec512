"""F6, F11, F12: disks that are full, under Redis, under the databases and under the mails, and a database that is locked."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.ledger import Client, balance
from tests.faults.plant import NAMES, Plant, until
from tests.faults.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.timeout(200)

#: What a client may be told while nothing can be kept: to come again.
NOT_NOW = {503}


class CrampedPlant(Plant):
    """A plant whose services do not mind that the disk is small: the doors stay open until nothing can be written."""

    def start(self, name: str, **environment: str) -> None:
        super().start(name, LONGSTOP_DISK_MIN_MB="0", **environment)


@contextmanager
def cramped(folder: Path, place: str, size_mb: int) -> Iterator[tuple[Plant, SmallDisk]]:
    """A plant of its own that keeps one thing on a small disk: `db`, `blobs` or `redis`."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / place, size_mb))
        plant = CrampedPlant(folder)
        stack.callback(plant.close)
        plant.open()
        yield plant, disk


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, fault_database: str) -> Path:
    if fault_database:
        pytest.skip("the other plant has this database")
    return tmp_path_factory.mktemp("cramped")


def test_locked_databases_are_waited_for(plant: Plant, client: Client) -> None:
    if not plant.database_url.startswith("sqlite"):
        pytest.skip("a lock on the whole database is SQLite's")
    paths = [plant.database_url.removeprefix("sqlite:///").replace("{service}", name) for name in NAMES]
    before = {name: len(plant.log(name)) for name in NAMES}
    client.http(20)  # so that everybody has work
    with ExitStack() as stack:
        for path in paths:
            other = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            other.execute("BEGIN EXCLUSIVE")
        client.stream(20)
        client.http(2)  # each waits as long as a writer does, which is 5 s
    refused, client.refused = set(client.refused), Counter()
    assert refused == NOT_NOW, "a door promises nothing that it cannot write"
    for name in ("ingest", "triage"):  # the others have nothing to write until triage has
        assert "database is locked" in plant.log(name)[before[name] :]
    balance(plant, client)


def test_a_full_disk_under_the_databases(folder: Path) -> None:
    with cramped(folder, "db", 48) as (plant, disk):
        client = Client(plant)
        client.http(10)
        disk.fill()
        client.stream(30)
        client.http(60)
        assert set(client.refused) == NOT_NOW
        for name in NAMES:  # and nobody minds to be started then
            plant.kill(name)
            plant.start(name)
        time.sleep(5)
        assert not [name for name in NAMES if plant.is_dead(name)]
        assert "database or disk is full" in plant.log("ingest")
        disk.free()
        plant.heal()
        client.http(10)
        balance(plant, client)
        for name in NAMES:
            with closing(sqlite3.connect(disk.folder / f"{name}.db")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_under_the_mails(folder: Path) -> None:
    with cramped(folder, "blobs", 1) as (plant, disk):
        client = Client(plant)
        client.http(10)
        disk.fill()
        client.http(10)
        client.stream(20)
        assert set(client.refused) == NOT_NOW
        until(lambda: "batch waits" in plant.log("ingest"), "the door's batch waits")
        halves = [path for path in disk.folder.rglob("*.new") if path.is_file()]
        assert halves == [], "halves of mails are left behind"
        disk.free()
        balance(plant, client)


def test_a_full_disk_under_redis(folder: Path) -> None:
    """With `everysec` Redis refuses to write (MISCONF); with `always` it ends."""
    with cramped(folder, "redis", 4) as (plant, disk):
        client = Client(plant)
        for fsync in ("everysec", "always"):
            client.http(10)
            plant.redis.client.config_set("appendfsync", fsync)
            disk.fill()
            client.http(40)
            assert not client.refused, "a door does not need Redis"
            assert_nobody_is_upset(plant, fsync)
            assert "MISCONF" in plant.log("ingest")
            assert (plant.redis.process and plant.redis.process.poll()) == (1 if fsync == "always" else None)
            disk.free()
            plant.heal()
            balance(plant, client)


def assert_nobody_is_upset(plant: Plant, about: str) -> None:
    """For five seconds nobody writes much into the log, and nobody works much."""
    time.sleep(1)
    lines = {name: plant.log(name).count("\n") for name in NAMES}
    worked = {name: plant.cpu_s(name) for name in NAMES}
    time.sleep(5)
    for name in NAMES:
        assert plant.log(name).count("\n") - lines[name] < 50, f"{name} floods its log: {about}"
        assert plant.cpu_s(name) - worked[name] < 1.5, f"{name} spins: {about}"

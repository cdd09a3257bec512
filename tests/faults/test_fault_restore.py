"""F24: one service gets an older copy of its database back, while the others and Redis have gone on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.faults.ledger import Client, balance, violations, waiting
from tests.faults.plant import Plant, until

pytestmark = pytest.mark.timeout(200)


@contextmanager
def plant_in(factory: pytest.TempPathFactory, fault_database: str) -> Iterator[Plant]:
    """A plant of its own: a restored database may know less than the ledger of the others' plant."""
    if fault_database:
        pytest.skip("copies of files are SQLite's")
    made = Plant(factory.mktemp("restored"))
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, fault_database: str) -> Iterator[Plant]:
    with plant_in(tmp_path_factory, fault_database) as made:
        yield made


@pytest.fixture(scope="module")
def client(own: Plant) -> Client:
    return Client(own)


def path_of(plant: Plant, service: str) -> Path:
    return Path(plant.database_url.removeprefix("sqlite:///").replace("{service}", service))


def back_up(plant: Plant, service: str) -> Path:
    """A copy, made while the service runs."""
    copy = plant.folder / f"{service}.copy"
    with closing(sqlite3.connect(path_of(plant, service))) as live, closing(sqlite3.connect(copy)) as kept:
        live.backup(kept)
    return copy


def restore(plant: Plant, service: str, copy: Path) -> None:
    """Stop the service and put the copy in place."""
    plant.end(service)
    path = path_of(plant, service)
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    copy.replace(path)


def read_again(plant: Plant, service: str, *streams: str) -> None:
    for stream in streams:
        plant.redis.client.xgroup_setid(f"longstop:{stream}.v1", service, "0")


def restore_an_older_copy(own: Plant, client: Client, service: str) -> None:
    """Hand reports in; of half of them the service, which is down then, has never heard."""
    client.http(12)
    balance(own, client)
    copy = back_up(own, service)
    client.http(12)
    balance(own, client)
    restore(own, service, copy)
    assert violations(own, client), "the ledger must say what is missing"


@pytest.mark.parametrize(
    ("service", "stream"), [("submission", "submission.requested"), ("blocklist", "verdict.issued")]
)
def test_a_service_that_reads_its_stream_again_catches_up(
    own: Plant, client: Client, service: str, stream: str
) -> None:
    restore_an_older_copy(own, client, service)
    read_again(own, service, stream)
    own.heal()
    client.http(6)
    balance(own, client)


def test_triage_reads_the_reports_again_and_then_the_verdicts(own: Plant, client: Client) -> None:
    restore_an_older_copy(own, client, "triage")
    read_again(own, "triage", "report.received")
    own.heal()
    until(lambda: not any("in no case" in one for one in violations(own, client)), "the reports are there again")
    read_again(own, "triage", "verdict.issued")
    client.http(6)
    balance(own, client)


def test_the_doors_service_names_what_is_gone(own: Plant, client: Client) -> None:
    """Nobody has the reports that were handed in since; the ledger says which, and everything new works."""
    restore_an_older_copy(own, client, "ingest")
    own.heal()
    client.http(6)
    lost = "12 acknowledged reports are not in ingest"
    until(lambda: [one[: len(lost)] for one in violations(own, client)][:1] == [lost], "the lost ones are named")
    until(lambda: not any("no verdict" in one or "in no case" in one for one in violations(own, client)), "no more")


def test_triage_reads_the_verdicts_again_and_then_the_reports(
    tmp_path_factory: pytest.TempPathFactory, fault_database: str
) -> None:
    with plant_in(tmp_path_factory, fault_database) as plant:
        client = Client(plant)
        restore_an_older_copy(plant, client, "triage")
        for stream in ("verdict.issued", "report.received"):
            read_again(plant, "triage", stream)
            plant.heal()
            until(partial(is_read, plant, f"longstop:{stream}.v1"), f"{stream} is read")
        until(lambda: not violations(plant, client), "the ledger balances", 30)


def is_read(plant: Plant, stream: str) -> bool:
    return not waiting(plant.redis.client, stream)["triage"]

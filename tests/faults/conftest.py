"""One plant for all fault tests: each leaves it healed, and the ledger counts everything since the start."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ledger import Client
from tests.faults.plant import Plant

#: `make test-faults` runs everything; the suite itself only what is marked `quick`.
FULL = os.environ.get("LONGSTOP_TEST_FAULTS") == "full"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if not FULL and here in item.path.parents and not item.get_closest_marker("quick"):
            item.add_marker(pytest.mark.skip(reason="make test-faults runs it"))


@pytest.fixture(scope="package")
def fault_database(request: pytest.FixtureRequest) -> str:
    """SQLite, or PostgreSQL where LONGSTOP_TEST_DATABASE says so."""
    if os.environ.get("LONGSTOP_TEST_DATABASE") != "postgresql":
        return ""
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="package")
def whole_plant(tmp_path_factory: pytest.TempPathFactory, fault_database: str) -> Iterator[Plant]:
    made = Plant(tmp_path_factory.mktemp("plant"), fault_database)
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="package")
def client(whole_plant: Plant) -> Client:
    return Client(whole_plant)


@pytest.fixture
def plant(whole_plant: Plant) -> Iterator[Plant]:
    """The plant, healthy before and after."""
    whole_plant.heal()
    yield whole_plant
    whole_plant.heal()

"""The test of the tests: a promise is taken away on purpose, and the ledger must see it."""

from collections.abc import Iterator

import pytest

from tests.faults.ledger import Client, violations, waiting
from tests.faults.plant import Plant, until

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def spoiled(tmp_path_factory: pytest.TempPathFactory, fault_database: str) -> Iterator[Plant]:
    """A plant of its own: what is broken here must not be in the others' books."""
    if fault_database:
        pytest.skip("the other plant has this database")
    made = Plant(tmp_path_factory.mktemp("spoiled"))
    try:
        made.open()
        yield made
    finally:
        made.close()


def broken(plant: Plant, client: Client, word: str) -> None:
    """The ledger finds this, and goes on finding it."""
    until(lambda: any(word in one for one in violations(plant, client)), f"the ledger says {word!r}", 30)
    plant.heal()
    until(lambda: _quiet(plant), "nothing waits any more")
    assert any(word in one for one in violations(plant, client))


def _quiet(plant: Plant) -> bool:
    client = plant.redis.client
    return not any(any(waiting(client, key).values()) for key in client.scan_iter("longstop:*.v1"))


def restart(plant: Plant, name: str, **environment: str) -> None:
    plant.kill(name)
    plant.start(name, **environment)


def test_acknowledging_before_the_commit_loses_reports(spoiled: Plant) -> None:
    client = Client(spoiled)
    restart(spoiled, "triage", LONGSTOP_TEST_MUTANT="ack-first")
    spoiled.wait_for("triage")
    client.http(3)
    client.stream(20)
    until(lambda: spoiled.is_dead("triage"), "triage dies with what it acknowledged")
    broken(spoiled, client, "in no case")


def test_a_group_that_begins_at_the_end_loses_reports(spoiled: Plant) -> None:
    client = Client(spoiled)
    spoiled.kill("triage")
    spoiled.redis.client.xgroup_destroy("longstop:report.received.v1", "triage")
    client.http(5)
    spoiled.start("triage", LONGSTOP_TEST_MUTANT="group-at-end")
    spoiled.wait_for("triage")
    broken(spoiled, client, "in no case")


def test_without_receipts_effects_are_doubled(spoiled: Plant) -> None:
    client = Client(spoiled)
    restart(spoiled, "submission", LONGSTOP_TEST_MUTANT="no-receipts")
    restart(spoiled, "triage", LONGSTOP_TEST_MUTANT="no-receipts")
    spoiled.wait_for("triage")
    client.stream(10)
    until(lambda: not doubled(spoiled, client), "the first time everything is well but the receipts")
    for stream in ("report.received", "verdict.issued"):
        for _, fields in spoiled.redis.client.xrange(f"longstop:{stream}.v1"):
            spoiled.redis.client.xadd(f"longstop:{stream}.v1", fields)
    until(lambda: doubled(spoiled, client), "the ledger sees it", 30)


def doubled(plant: Plant, client: Client) -> list[str]:
    return [one for one in violations(plant, client) if "no receipt" not in one]

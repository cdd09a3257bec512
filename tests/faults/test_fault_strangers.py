"""F4 again: strangers at the streams, and a Redis that is lost twice before everybody was there again."""

import time
from collections.abc import Iterator

import pytest

from tests.faults.ledger import Books, Client, balance, violations
from tests.faults.plant import NAMES, Plant, until

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    made = Plant(tmp_path_factory.mktemp("strangers"))
    try:
        made.open()
        yield made
    finally:
        made.close()


def test_a_stranger_deletes_entries_in_the_middle_of_a_stream(own: Plant) -> None:
    client = Client(own)
    own.kill("triage")
    client.http(30)
    stream = "longstop:report.received.v1"
    until(lambda: own.redis.client.xlen(stream) == 30, "all are published")
    entries = [entry for entry, _ in own.redis.client.xrange(stream)]
    own.redis.client.xdel(stream, *entries[5:25:2])
    own.heal()
    until(lambda: not violations(own, client), "the ledger balances", 30)


def test_redis_is_lost_twice_while_a_reader_is_away(own: Plant) -> None:
    client = Client(own)
    client.http(6)
    balance(own, client)
    for name in NAMES:
        own.kill(name)
    own.redis.wipe()
    for name in NAMES:
        if name != "blocklist":
            own.start(name)
            own.wait_for(name)
    client.http(12)
    until(lambda: _is_done(own), "all verdicts are published")
    time.sleep(3)  # some rounds of the keeper
    own.redis.wipe()
    own.heal()
    until(lambda: not violations(own, client), "the ledger balances", 30)


def _is_done(plant: Plant) -> bool:
    """Whether every report was told its verdict, and every verdict is published."""
    ask = Books(plant)
    untold = ask("triage", "SELECT count(*) FROM triage_report WHERE told_version = 0")
    unsent = ask("submission", "SELECT count(*) FROM submission_outbox WHERE entry_id IS NULL")
    reports = ask("triage", "SELECT count(*) FROM triage_report")
    return (untold, unsent, reports) == ([(0,)], [(0,)], [(18,)])

"""F1, F19, F20: services that are killed, stopped, paused and doubled, at any moment and at the worst ones."""

import random
import threading

import pytest

from tests.faults.ledger import Client, balance, waiting
from tests.faults.plant import NAMES, Plant, until

pytestmark = pytest.mark.timeout(300)

DOOR = "longstop:report.submitted.v1"

#: Service and the point in it where the process ends: module, function, before or after, at which call.
POINTS = [
    ("ingest", "shared.blobs:FileBlobs.put:after:2"),
    ("ingest", "shared.bus.batch:Batch.settle:before:2"),
    ("ingest", "shared.work:Database.run:after:3"),
    ("ingest", "shared.outbox:Relay._send:after:2"),
    ("triage", "shared.bus.batch:Batch.settle:after:2"),
    ("triage", "shared.work:Database.run:after:3"),
    ("triage", "shared.outbox:Relay._send:before:2"),
    ("triage", "shared.outbox:Relay._send:after:1"),
    ("triage", "shared.keeper.ledger:Ledger.confirm:before:1"),
    ("submission", "services.submission.jobs:AnalyseDue._take:after:2"),
    ("submission", "services.submission.jobs:AnalyseDue._analyse:after:5"),
    ("submission", "services.submission.jobs:AnalyseDue._answer:before:2"),
    ("submission", "shared.outbox:Relay._send:after:1"),
    ("blocklist", "services.blocklist.gateway:Gateway.write:before:2"),
    ("blocklist", "services.blocklist.gateway:Gateway.write:after:2"),
    ("blocklist", "shared.bus.batch:Batch.settle:after:2"),
]


@pytest.mark.parametrize(("service", "point"), POINTS)
def test_a_process_that_ends_at_a_named_point(plant: Plant, client: Client, service: str, point: str) -> None:
    plant.kill(service)
    plant.start(service, LONGSTOP_TEST_CRASH=point)
    until(lambda: plant.answers(service) or plant.is_dead(service), f"{service} is up, or at {point} before it is")
    for _ in range(8):
        client.stream(8)
        client.http(4)
        if plant.is_dead(service):
            break
    until(lambda: plant.is_dead(service), f"{service} reaches {point}")
    assert plant.processes[service].returncode == 137
    plant.heal()
    balance(plant, client)


@pytest.mark.parametrize("service", NAMES)
def test_a_service_that_is_killed_under_load(plant: Plant, client: Client, service: str) -> None:
    load = threading.Thread(target=client.http, args=(60,))
    load.start()
    for _ in range(3):
        client.stream(30)
        plant.kill(service)
        plant.start(service)
        plant.wait_for(service)
    load.join()
    balance(plant, client)


@pytest.mark.parametrize("service", NAMES)
def test_a_service_that_is_asked_to_stop_under_load_leaves_nothing_half_done(
    plant: Plant, client: Client, service: str
) -> None:
    client.stream(120)
    assert plant.end(service) == 0
    plant.heal()
    balance(plant, client)


def test_two_replicas_of_every_service_share_the_work(plant: Plant, client: Client) -> None:
    seconds = [f"{name}.2" for name in NAMES]
    for name in seconds:
        plant.start(name)
    try:
        for _ in range(3):
            client.stream(60, copies=2)
            client.http(20)
        victim = random.choice(seconds)
        plant.kill(victim)
        client.stream(60)
        balance(plant, client)
    finally:
        for name in seconds:
            plant.kill(name)
            del plant.processes[name]


def test_a_replica_that_stood_still_while_another_took_its_work_over(plant: Plant, client: Client) -> None:
    plant.start("triage.2")
    try:
        client.stream(80)
        plant.pause("triage")
        client.stream(80)
        until(lambda: plant.redis.client.xlen("longstop:report.received.v1"), "reports arrive")
        plant.go_on("triage")
        balance(plant, client)
    finally:
        plant.go_on("triage")
        plant.kill("triage.2")
        del plant.processes["triage.2"]


@pytest.mark.quick
def test_random_faults_one_after_the_other(plant: Plant, client: Client) -> None:
    """A short run of what `make test-faults` does at length; the seed is in the output."""
    seed = random.randrange(10_000)
    print(f"seed {seed}")  # noqa: T201 - to repeat it
    chance = random.Random(seed)
    for _ in range(5):
        client.stream(20, copies=chance.choice((1, 2)))
        client.http(10)
        service = chance.choice(NAMES)
        fault = chance.choice(("kill", "sever", "restart redis", "wipe redis", "cut replies"))
        print(fault, service)  # noqa: T201
        match fault:
            case "kill":
                plant.kill(service)
            case "sever":
                plant.proxy.sever()
            case "restart redis":
                plant.redis.end()
            case "wipe redis":
                until(lambda: not waiting(plant.redis.client, DOOR)["ingest"], "the door's stream is read")
                plant.redis.wipe()
            case "cut replies":
                plant.proxy.cut_replies = 3
        client.http(5)
        plant.heal()
    balance(plant, client)

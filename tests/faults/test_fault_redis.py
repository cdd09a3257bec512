"""F2 to F10, F14, F15: Redis killed, wiped, full, paused, cut off, forbidden; entries doubled, reordered and poisoned."""

import contextlib
import json
import signal
import time
from collections.abc import Callable

import httpx
import pytest
import redis

from tests.faults.ledger import Books, Client, balance, mails, waiting
from tests.faults.plant import NAMES, Plant, until

pytestmark = pytest.mark.timeout(300)

DOOR = "longstop:report.submitted.v1"


def drained(plant: Plant) -> None:
    """Wait until the door's stream is read: what others publish has no copy in a database of ours."""

    def empty() -> bool:
        return not waiting(plant.redis.client, DOOR)["ingest"]

    until(empty, "the door's stream is read")


def test_redis_is_killed_and_comes_back(plant: Plant, client: Client) -> None:
    for _ in range(3):
        client.stream(40)
        plant.redis.end()
        client.http(10)  # doors do not need Redis
        plant.redis.start()
    assert not client.refused
    balance(plant, client)


def test_redis_loses_everything_again_and_again(plant: Plant, client: Client) -> None:
    for _ in range(3):
        client.stream(40)
        client.http(20)
        drained(plant)
        plant.redis.wipe()
    balance(plant, client)


def test_redis_is_flushed_and_single_streams_and_groups_are_deleted(plant: Plant, client: Client) -> None:
    client.stream(40)
    drained(plant)
    plant.redis.client.flushall()
    client.http(20)
    plant.redis.client.delete("longstop:report.received.v1", "longstop:verdict.issued.v1")
    client.http(20)
    with contextlib.suppress(redis.ResponseError):
        plant.redis.client.xgroup_destroy("longstop:submission.requested.v1", "submission")
    client.http(10)
    balance(plant, client)


def test_a_stranger_trims_a_stream_that_is_not_read_yet(plant: Plant, client: Client) -> None:
    plant.kill("triage")
    client.http(40)
    plant.redis.client.xtrim("longstop:report.received.v1", maxlen=5, approximate=False)
    plant.heal()
    balance(plant, client)


def test_redis_is_full(plant: Plant, client: Client) -> None:
    used = int(plant.redis.client.info("memory")["used_memory"])
    plant.redis.client.config_set("maxmemory", used)
    try:
        client.http(40)
        assert not client.refused
        with pytest.raises(redis.ResponseError, match="maxmemory"):
            plant.redis.client.xadd(DOOR, {"data": "{}"})
    finally:
        plant.redis.client.config_set("maxmemory", 0)
    balance(plant, client)


def test_redis_stands_still(plant: Plant, client: Client) -> None:
    client.stream(40)
    assert plant.redis.process
    plant.redis.process.send_signal(signal.SIGSTOP)
    client.http(30)
    time.sleep(7)  # longer than any client waits for an answer
    plant.redis.process.send_signal(signal.SIGCONT)
    assert not client.refused
    balance(plant, client)


def test_answers_to_what_was_executed_are_lost(plant: Plant, client: Client) -> None:
    for _ in range(5):
        plant.proxy.cut_replies = 4
        client.stream(20)
        client.http(10)
    balance(plant, client)
    received = plant.redis.client.xrange("longstop:report.received.v1")
    ids = [fields[b"id"] for _, fields in received]
    assert len(ids) > len(set(ids)), "no entry was doubled: the fault did not happen"


@pytest.mark.parametrize("fault", ["silence", "delay", "sever"])
def test_the_line_to_redis_is_bad(plant: Plant, client: Client, fault: str) -> None:
    for _ in range(2):
        client.stream(30)
        match fault:
            case "silence":
                plant.proxy.silent = True
                client.http(10)
                time.sleep(6)
            case "delay":
                plant.proxy.delay_s = 0.2
                client.http(10)
            case "sever":
                for _ in range(10):
                    plant.proxy.sever()
                    client.http(2)
        plant.proxy.heal()
    balance(plant, client)


FORBID: list[tuple[str, Callable[[Plant], None], Callable[[Plant], None]]] = [
    (
        "NOPERM",
        lambda plant: plant.redis.client.acl_setuser("default", enabled=True, commands=["-xreadgroup", "-xadd"]),
        lambda plant: plant.redis.client.acl_setuser("default", enabled=True, commands=["+@all"]),
    ),
    (
        "MISCONF",
        lambda plant: plant.redis.client.config_set("min-replicas-to-write", 1),
        lambda plant: plant.redis.client.config_set("min-replicas-to-write", 0),
    ),
]


@pytest.mark.parametrize(("name", "forbid", "allow"), FORBID, ids=[name for name, _, _ in FORBID])
def test_commands_are_refused_without_spinning_or_flooding_the_log(
    plant: Plant, client: Client, name: str, forbid: Callable[[Plant], None], allow: Callable[[Plant], None]
) -> None:
    client.stream(20)
    drained(plant)
    forbid(plant)
    try:
        time.sleep(1)
        lines = {service: plant.log(service).count("\n") for service in NAMES}
        worked = {service: plant.cpu_s(service) for service in NAMES}
        client.http(20)
        time.sleep(5)
        for service in NAMES[1:]:
            assert plant.log(service).count("\n") - lines[service] < 50, f"{service} floods its log on {name}"
            assert plant.cpu_s(service) - worked[service] < 2.5, f"{service} spins on {name}"
    finally:
        allow(plant)
    balance(plant, client)


def test_entries_come_doubled_and_in_any_order(plant: Plant, client: Client) -> None:
    client.stream(30, copies=3)
    balance(plant, client)
    for stream in ("report.received", "submission.requested", "verdict.issued"):
        entries = plant.redis.client.xrange(f"longstop:{stream}.v1")
        for _, fields in reversed(entries[-60:]):
            plant.redis.client.xadd(f"longstop:{stream}.v1", fields)
    balance(plant, client)


def test_poison_is_buried_and_blocks_nobody(plant: Plant, client: Client) -> None:
    poison = [{"x": "y"}, {"data": b"\xff\xfe"}, {"data": "{"}, {"data": "[" * 50_000}, {"data": "{}"}]
    for fields in poison:
        plant.redis.client.xadd(DOOR, fields)
        plant.redis.client.xadd("longstop:verdict.issued.v1", fields)
        client.stream(5)
    buried = len(poison) * 3  # at the door by ingest, verdicts by triage and by the block list
    balance(plant, client, dead=buried)
    plant.redis.client.delete("longstop:dead.v1")
    until(lambda: plant.redis.client.xlen("longstop:dead.v1") == buried, "deleted letters come back: a wipe is no drop")
    for entry, _ in plant.redis.client.xrange("longstop:dead.v1"):
        plant.redis.client.xdel("longstop:dead.v1", entry)
    balance(plant, client)


def test_a_report_is_told_only_once_however_often_it_is_handed_in(plant: Plant, client: Client) -> None:
    (raw,) = mails(1)
    url = f"http://127.0.0.1:{plant.ports['ingest']}/v1/reports"
    headers = {"Content-Type": "message/rfc822", "Idempotency-Key": f"once-{time.monotonic_ns()}"}
    ids = set()
    for _ in range(20):
        answer = httpx.post(url, content=raw, headers=headers, timeout=20, trust_env=False)
        ids.add(answer.json()["report_id"])
    assert len(ids) == 1
    client.acked |= dict.fromkeys(ids, client_sha256(raw))
    balance(plant, client)
    told = Books(plant)("triage", "SELECT fields FROM triage_outbox WHERE stream = 'report.resolved.v1'")
    mine = [one for (one,) in told if json.loads(json.loads(one)["data"])["report_id"] in ids]
    assert len(mine) == 1


def client_sha256(raw: bytes) -> str:
    import hashlib

    return hashlib.sha256(raw).hexdigest()

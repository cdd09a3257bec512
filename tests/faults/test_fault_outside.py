"""F16, F23: analysers that are slow, fail or talk nonsense, and a gateway's hash that cannot be written or was spoiled."""

from collections import Counter

import httpx
import pytest

from tests.faults.ledger import Books, Client, balance, mails
from tests.faults.plant import Plant, until

pytestmark = pytest.mark.timeout(200)

GATEWAY = "longstop:gateway"

#: What the block list logs when it is done with that.
MENDED = "the gateway's hash was mended"


def telling(script: str, count: int) -> list[bytes]:
    """Mails that tell the stub analyser what to do, none like another."""
    raws = list(dict.fromkeys(mails(count * 2)))[:count]
    return [f"X-Longstop-Stub: {script}\r\n".encode() + raw for raw in raws]


def hand_in(client: Client, raws: list[bytes]) -> set[str]:
    """Report them; the ids."""
    before = set(client.acked)
    with httpx.Client(timeout=30, trust_env=False) as http:
        for raw in raws:
            client._post(http, raw)
    assert len(client.acked) - len(before) == len(raws)
    return set(client.acked) - before


def with_stub(plant: Plant, name: str, *, timeout_s: int) -> None:
    if name in plant.processes:
        plant.kill(name)
    settings = {"ANALYSERS": "stub", "ANALYSER_TIMEOUT_S": str(timeout_s), "SUBMISSION_ATTEMPTS": "2"}
    plant.start(name, **{f"LONGSTOP_{key}": value for key, value in settings.items()})


def resolved(plant: Plant) -> set[str]:
    rows = Books(plant)("triage", "SELECT report_id FROM triage_report WHERE told_version > 0")
    return {one for (one,) in rows}


def test_an_analyser_that_fails_holds_up_no_other_mail(plant: Plant, client: Client) -> None:
    with_stub(plant, "submission", timeout_s=8)
    plant.wait_for("submission")
    bad = {
        script: hand_in(client, telling(script, 6))
        for script in ("delay_ms=50000", "fail=defer", "fail=reject", "category=nonsense")
    }
    good = hand_in(client, telling("category=phishing;confidence=0.95", 12))
    until(lambda: good <= resolved(plant), "the good ones have verdicts")
    assert not bad["delay_ms=50000"] & resolved(plant), "the slow ones must still be running"
    balance(plant, client)
    failed = {reports for script in bad for reports in bad[script]}
    rows = Books(plant)(
        "triage", "SELECT r.report_id, s.category FROM triage_report r JOIN triage_sample s ON s.sha256 = r.sample"
    )
    assert {category for report, category in rows if report in failed} == {"unknown"}
    assert {category for report, category in rows if report in good} == {"phishing"}
    gave_up = Books(plant)("submission", "SELECT count(*) FROM submission_outbox WHERE stream = 'submission.failed.v1'")
    assert gave_up == [(len(failed),)]
    plant.kill("submission")


def test_a_verdict_that_comes_after_another_replica_took_over_is_dropped(plant: Plant, client: Client) -> None:
    """The lease of a run is the analysers' time and 30 s: whoever stood still for longer has lost it."""
    with_stub(plant, "submission", timeout_s=4)
    plant.wait_for("submission")
    ids = hand_in(client, telling("category=phishing;confidence=0.95;delay_ms=3000", 10))
    running = "SELECT count(*) FROM submission_item WHERE status = 'running'"
    until(lambda: Books(plant)("submission", running) == [(len(ids),)], "all are running")
    plant.pause("submission")
    try:
        with_stub(plant, "submission.2", timeout_s=4)
        until(lambda: ids <= resolved(plant), "the other replica has answered")
        plant.go_on("submission")
        balance(plant, client)
    finally:
        plant.go_on("submission")
        for name in ("submission", "submission.2"):
            plant.kill(name)
        del plant.processes["submission.2"]


def test_a_hash_that_cannot_be_written_holds_up_no_verdict(plant: Plant, client: Client) -> None:
    redis = plant.redis.client
    known = redis.hlen(GATEWAY)
    redis.acl_setuser("default", enabled=True, commands=["-hset", "-hdel"])
    try:
        before = set(client.acked)
        client.http(12)
        new = set(client.acked) - before
        until(lambda: new <= resolved(plant), "all have verdicts")
        until(lambda: "the gateway's hash waits" in plant.log("blocklist"), "the block list complains")
        assert redis.hlen(GATEWAY) == known
        plant.kill("blocklist")
        plant.start("blocklist")
        plant.wait_for("blocklist")
        assert redis.hlen(GATEWAY) == known
    finally:
        redis.acl_setuser("default", enabled=True, commands=["+@all"])
    balance(plant, client)
    assert redis.hlen(GATEWAY) > known


def test_what_somebody_else_did_to_the_hash_is_mended(plant: Plant, client: Client) -> None:
    client.http(9)
    balance(plant, client)
    redis = plant.redis.client
    maps = [GATEWAY, *redis.scan_iter("longstop:map:*")]
    right = {name: redis.hgetall(name) for name in maps}
    for name in maps:
        fields = sorted(right[name])
        redis.hset(name, mapping={b"tenant|domain|phantom.example": b'{"id":"x"}', b"\xff\xfe": b"y", fields[0]: b"z"})
        redis.hdel(name, *fields[1:3])
    lines = plant.log("blocklist").count(MENDED)
    plant.kill("blocklist")  # it compares at its start, and every minute
    plant.start("blocklist")
    until(lambda: plant.log("blocklist").count(MENDED) > lines, "it was mended")
    assert {name: redis.hgetall(name) for name in maps} == right
    redis.delete(*maps)
    redis.delete("longstop:gateway.filled")
    until(lambda: {name: redis.hgetall(name) for name in maps} == right, "an emptied server is filled again", 10)
    balance(plant, client)


def test_the_gateway_knows_every_entry_once_and_whole(plant: Plant, client: Client) -> None:
    client.http(9)
    balance(plant, client)
    entries = Books(plant)("blocklist", "SELECT scope, kind, value FROM blocklist_entry WHERE status = 'active'")
    fields = {field.decode() for field in plant.redis.client.hkeys(GATEWAY)}
    assert fields == {"|".join(entry) for entry in entries}
    senders = Counter(value for scope, kind, value in entries if (scope, kind) == ("tenant", "address"))
    assert set(senders) == {field.decode() for field in plant.redis.client.hkeys("longstop:map:from")}


def test_a_blob_that_is_gone_is_told_and_not_tried_for_ever(plant: Plant, client: Client) -> None:
    plant.kill("submission")
    before = set(client.acked)
    client.http(2)
    new = {report: client.acked.pop(report) for report in set(client.acked) - before}
    client.tried |= new.keys()
    for sha256 in new.values():
        (plant.folder / "blobs" / sha256[:1] / sha256).unlink()
    plant.heal()
    balance(plant, client)
    assert new.keys() <= resolved(plant)

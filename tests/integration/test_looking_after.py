"""What an operator looks after: the doctor finds and mends, and top tells who is behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from longstop.commands.top import picture, readiness
from longstop.examination import Finding, at_rest, in_motion
from longstop.flow import look
from longstop.services import NAMES
from longstop.show import out
from longstop.where import Endpoints
from shared.bus import connect
from shared.events import BlockOrigin, BlockRequested, ReportSubmitted
from tests.redis_servers import redis_server
from tests.services import House, free_port, house
from tests.waiting import until

REQUEST = BlockRequested(request_id="r", kind="address", value="fee@parcel.example", origin=BlockOrigin(by="eve"))


@pytest.fixture
async def made(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("ingest", "blocklist"), redis_url, prefix, data_dir) as started:
        yield started


@pytest.fixture
def found(made: House, redis_url: str, prefix: str) -> Endpoints:
    ingest, blocklist = (f"http://127.0.0.1:{made.ports[name]}" for name in ("ingest_port", "blocklist_port"))
    nobody = "http://127.0.0.1:9"
    return Endpoints(redis_url, prefix, ingest=ingest, blocklist=blocklist, digest=nobody, console=nobody)


@pytest.fixture
def open_token(data_dir: Path) -> Path:
    data_dir.mkdir()
    (data_dir / "api.token").write_text("word")
    (data_dir / "api.token").chmod(0o644)
    return data_dir / "api.token"


async def of(what: str, found: Endpoints, data: Path) -> Finding:
    return next(one for one in await in_motion(found, data) if one.what == what)


@pytest.mark.usefixtures("open_token")
def test_a_typing_error_in_the_name_of_a_setting_is_told(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("secret")
    (tmp_path / ".env").write_text("LONGSTOP_AUTO_BLOK=off\nLONGSTOP_SECRET_KEY_FILE=key\nOTHER=1\n")
    monkeypatch.setenv("LONGSTOP_OWN_DOMAIN", "example.org")
    monkeypatch.setenv("LONGSTOP_\x1b[31mQ", "1")
    told = [one for one in asyncio.run(at_rest(data_dir)) if "is no setting" in one.words]
    assert [one.level for one in told] == ["warn"] * 3
    assert [one.words for one in told][1:] == [
        "LONGSTOP_AUTO_BLOK is no setting: did you mean LONGSTOP_AUTO_BLOCK?",
        "LONGSTOP_OWN_DOMAIN is no setting: did you mean LONGSTOP_OWN_DOMAINS?",
    ]
    assert "\x1b" not in told[0].words


async def test_a_field_that_somebody_took_from_the_gateway_is_found_and_mended(
    made: House, found: Endpoints, redis: Redis, data_dir: Path
) -> None:
    await made.publish(REQUEST)
    key: Any = f"{made.prefix}:gateway"
    await until(lambda: redis.hlen(key))
    await redis.delete(key)
    missing = await of("gateway list", found, data_dir)
    assert (missing.level, missing.words) == ("fail", "not in the gateway's hash: 1 of 1 entry")
    assert missing.cure
    await missing.cure.apply()
    await until(lambda: redis.hlen(key))
    assert (await of("gateway list", found, data_dir)).level == "ok"


async def test_a_reader_without_a_place_gets_one_at_the_beginning(
    made: House, found: Endpoints, redis: Redis, data_dir: Path
) -> None:
    lost = await of("readers", found, data_dir)  # triage and others have never run here
    assert lost.level == "fail"
    assert lost.cure
    await lost.cure.apply()
    assert (await of("readers", found, data_dir)).level == "ok"
    groups: Any = await redis.xinfo_groups(f"{made.prefix}:verdict.issued.v1")
    assert {group["name"] for group in groups} >= {b"triage", b"blocklist"}
    assert {group["last-delivered-id"] for group in groups} == {b"0-0"}


async def test_a_service_that_does_not_answer_is_told_by_name(found: Endpoints, data_dir: Path) -> None:
    gone = await of("console", found, data_dir)
    assert gone.level == "fail"
    assert "does not answer" in gone.words


async def test_a_redis_that_takes_no_events_is_told_with_the_cure(found: Endpoints, tmp_path: Path) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    async with redis_server(tmp_path / "redis", url, {"port": port, "appendonly": "yes"}):
        client: Any = connect(url)
        await client.config_set("maxmemory", "1")
        await client.replicaof("127.0.0.1", "9")
        told = [one.words for one in await in_motion(replace(found, redis_url=url), tmp_path) if one.level == "fail"]
        await client.aclose()
    assert any("it is a replica" in words and "REPLICAOF NO ONE" in words for words in told)
    assert any("its memory is full (1 bytes)" in words for words in told)


async def test_every_service_is_asked_whether_it_is_ready(found: Endpoints, data_dir: Path) -> None:
    here = replace(found, triage=found.ingest, submission="http://127.0.0.1:9")
    levels = {one.what: one.level for one in await in_motion(here, data_dir)}
    assert (levels["ingest"], levels["triage"], levels["submission"]) == ("ok", "ok", "fail")
    assert set(here.services()) == set(NAMES)


async def test_where_released_mail_goes_is_asked(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def told() -> Finding:
        return next(one for one in await at_rest(data_dir) if one.what == "reinjection")

    assert (await told()).level == "warn"
    for greeting, level in ((b"220 here\r\n", "ok"), (b"554 away\r\n", "fail"), (b"", "fail")):
        server = await asyncio.start_server(partial(_greet, greeting), "127.0.0.1", 0)
        async with server:
            monkeypatch.setenv("LONGSTOP_REINJECT_URL", f"lmtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            assert (await told()).level == level, greeting
    assert (await told()).level == "fail"


async def _greet(greeting: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(greeting)
    while greeting and await reader.readline():
        writer.write(b"221 well\r\n")
    writer.close()


async def test_redis_that_does_not_answer_is_one_finding(data_dir: Path) -> None:
    findings = await in_motion(Endpoints("redis://127.0.0.1:9/0"), data_dir)
    assert [one.words.partition(": ")[0] for one in findings if one.what == "redis"] == [
        "redis://127.0.0.1:9/0 does not answer"
    ]


def test_secrets_that_others_can_read_are_closed(open_token: Path, data_dir: Path) -> None:
    finding = next(one for one in asyncio.run(at_rest(data_dir)) if one.what == "secrets")
    assert (finding.level, finding.words) == ("fail", "others can read api.token: chmod 600")
    assert finding.cure
    asyncio.run(finding.cure.apply())
    assert open_token.stat().st_mode & 0o777 == 0o600


def test_looking_makes_no_data_dir(data_dir: Path) -> None:
    asyncio.run(at_rest(data_dir))
    assert not data_dir.exists()


async def test_top_tells_how_far_behind_a_reader_is(made: House, found: Endpoints, redis: Redis) -> None:
    stream = f"{made.prefix}:{ReportSubmitted.STREAM}"
    await redis.xgroup_create(stream, "slow", id="0", mkstream=True)
    before = await look(redis, made.prefix, (ReportSubmitted.STREAM,))
    for number in range(3):
        await redis.xadd(stream, {"data": json.dumps({"number": number})})
    await redis.xreadgroup("slow", "me", {stream: ">"}, count=2)
    moment = await look(redis, made.prefix, (ReportSubmitted.STREAM,), before)
    (flow,) = moment.flows
    slow = next(one for one in flow.readers if one.name == "slow")
    assert (flow.added, slow.lag, slow.pending) == (3, 1, 2)
    assert flow.per_s > 0
    assert [line["stream"] for line in moment.told()] == [ReportSubmitted.STREAM]
    with out.capture() as shown:
        out.print(picture(moment, await readiness(found)))
    assert "slow 1 unread, 2 undone for" in shown.get()
    assert "ingest ready" in shown.get()
    assert "console does not answer" in shown.get()

"""The delivery promise of one service: at least once delivery, exactly one effect, and no event that stops others."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from shared.events import CaseJoined, ReportResolved
from shared.outbox import Relay
from shared.work import Work
from tests.probe import House, probe, reading
from tests.waiting import until


@pytest.fixture
async def house(redis: Redis, redis_url: str, database_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[House]:
    settings = {"redis_url": redis_url, "database_url": database_url, "stream_prefix": prefix, "data_dir": tmp_path}
    async with probe(redis, **settings) as made:
        yield made


async def test_what_was_published_before_the_first_start_is_read(house: House) -> None:
    await house.publish("early")
    async with reading(house):
        await until(house.seen)
    assert await house.seen() == ["early"]


async def test_the_same_event_twice_has_one_effect_and_both_entries_are_acknowledged(house: House) -> None:
    for _ in range(3):
        await house.publish("twice")
    async with reading(house):
        await until(house.seen)
        await house.publish("twice")
        await house.publish("last")

        async def last_seen() -> bool:
            return "last" in await house.seen() and await house.pending() == 0

        await until(last_seen)
    assert await house.seen() == ["last", "twice"]


async def test_one_bad_event_of_a_batch_costs_the_others_nothing(house: House) -> None:
    for name in ("a", "reject-1", "b", "bug-1", "c", "defer-1", "d"):
        await house.publish(name)
    async with reading(house):

        async def three_dead() -> bool:
            return len(await house.dead()) >= 3 and await house.pending() == 0

        await until(three_dead)
    assert await house.seen() == ["a", "b", "c", "d"]
    reasons = {letter["reason"]: letter["attempts"] for letter in await house.dead()}
    assert reasons == {
        "reports that start so are not wanted": "1",
        "not today": "3",
        "a fault in the handler: KeyError": "3",
    }


async def test_events_of_a_failed_savepoint_are_not_said(house: House) -> None:
    for name in ("ok", "reject-1"):
        await house.publish(name)
    async with reading(house):
        await until(house.dead)

        async def said() -> list[str]:
            entries = await house.redis.xrange(house.stream(CaseJoined.STREAM))
            return [json.loads(fields[b"data"])["report_id"] for _, fields in entries]

        await until(said)
    assert await said() == ["ok"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"nodata": "x"}, "the field data is missing"),
        ({"data": "{broken"}, "data: Invalid JSON"),
        ({"data": b"\xff\xfe"}, "data: Invalid JSON"),
        ({"data": "[]"}, "data: Input should be an object"),
        ({"data": '{"report_id": 3}'}, "report_id: Input should be a valid string"),
        ({"data": "{}", "id": b"\xff"}, "the field id is no UTF-8"),
        ({"data": "{}", "type": "longstop.other.v1"}, "this stream carries longstop.report.resolved.v1"),
        ({"data": "[" * 100_000}, "data: Invalid JSON"),
    ],
)
async def test_an_entry_that_cannot_be_read_is_a_dead_letter_with_its_reason(
    house: House, fields: dict[str, Any], reason: str
) -> None:
    entry_id = await house.redis.xadd(house.stream(), fields)
    await house.publish("after")
    async with reading(house):
        await until(house.seen)
        await until(house.dead)
    (letter,) = await house.dead()
    assert letter["reason"].startswith(reason)
    assert letter["entry_id"] == entry_id.decode()
    assert letter["stream"] == house.stream()
    assert letter["group"] == "probe"
    assert set(json.loads(letter["fields"])) == set(fields)


async def test_a_lost_stream_is_read_from_its_beginning_again(house: House) -> None:
    await house.publish("before")
    async with reading(house):
        await until(house.seen)
        await house.redis.delete(house.stream())
        await house.publish("after")

        async def both() -> bool:
            return await house.seen() == ["after", "before"]

        await until(both)


async def test_entries_of_a_dead_reader_are_taken_over(house: House) -> None:
    await house.redis.xgroup_create(house.stream(), "probe", id="0", mkstream=True)
    await house.publish("orphan")
    await house.redis.xreadgroup("probe", "a-reader-that-died", {house.stream(): ">"})
    async with reading(house):
        await until(house.seen)

        async def settled() -> bool:
            return await house.pending() == 0

        await until(settled)
    assert await house.seen() == ["orphan"]


async def test_the_relay_sends_in_order_and_marks_what_it_sent(house: House) -> None:
    def say(work: Work) -> None:
        for number in range(1200):
            work.emit(
                ReportResolved(
                    report_id=f"r{number}", case_id="c", category="bulk", confidence=1, version=1, inherited=True
                )
            )

    await house.database.run(say)
    relay = Relay(house.database, house.redis, house.settings.stream_prefix)
    sizes = [await relay.sweep() for _ in range(4)]
    assert sizes == [500, 500, 200, 0]
    entries = await house.redis.xrange(house.stream())
    assert [json.loads(fields[b"data"])["report_id"] for _, fields in entries] == [f"r{n}" for n in range(1200)]
    _, first = entries[0]
    assert first[b"type"] == b"longstop.report.resolved.v1"
    assert first[b"source"] == b"longstop/probe"

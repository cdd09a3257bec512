"""The reader in trouble that is not the events' fault: a locked database, a bad deploy, a killed process."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from shared.errors import Defer
from shared.events import ReportResolved
from shared.work import Work
from tests.probe import House, probe, reading, see
from tests.waiting import until


@pytest.fixture
async def house(redis: Redis, redis_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[House]:
    settings = {"redis_url": redis_url, "stream_prefix": prefix, "data_dir": tmp_path, "halt_after": 4, "batch_max": 10}
    async with probe(redis, **settings) as made:
        yield made


async def settled(house: House) -> bool:
    return await house.pending() == 0


async def test_a_locked_database_costs_no_attempt(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stores.sqlite.BUSY_TIMEOUT_MS", 1)
    async with probe(house.redis, **house.settings.model_dump()) as impatient:
        with closing(sqlite3.connect(tmp_path / "db" / "probe.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            async with reading(impatient):
                await house.publish("a")
                await house.publish("defer-1")

                async def taken() -> bool:
                    return await house.pending() > 0

                await until(taken)
                for _ in range(100):  # far more tries than attempts are allowed
                    await asyncio.sleep(0)
                holder.execute("ROLLBACK")

                async def handled() -> bool:
                    return await house.seen() == ["a"]

                await until(handled)
                await until(house.dead)
    (letter,) = await house.dead()
    assert letter["attempts"] == "3"


async def test_a_bad_deploy_stops_the_reader_and_mending_it_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.fuse.PROBE_AFTER_S", 0.2)
    broken = True

    def handle(event: ReportResolved, work: Work) -> None:
        if broken:
            raise KeyError(event.report_id)
        see(event, work)

    house.on = handle
    names = [f"r{number:02}" for number in range(40)]
    async with reading(house):
        for name in names:
            await house.publish(name)

        async def alarm() -> bool:
            try:
                house.health.is_well()
            except Defer as reason:
                return "stopped" in str(reason)
            return False

        async def four_dead() -> bool:
            return len(await house.dead()) == 4

        await until(alarm)
        await until(four_dead)
        broken = False

        async def well() -> bool:
            return not await alarm() and len(await house.seen()) == 36 and await settled(house)

        await until(well, patience_s=60)  # the later it is mended, the longer until the next try
    assert await four_dead()


async def test_what_publishers_do_wrong_never_stops_the_reader(house: House) -> None:
    for number in range(30):
        await house.redis.xadd(house.stream(), {"data": "{broken"})
        await house.publish(f"reject-{number}")
    await house.publish("after")
    async with reading(house):

        async def done() -> bool:
            return await house.seen() == ["after"] and len(await house.dead()) == 60

        await until(done)
    house.health.is_well()


async def test_an_entry_that_is_never_finished_dies_without_being_handled_again(house: House) -> None:
    await house.redis.xgroup_create(house.stream(), "probe", id="0", mkstream=True)
    await house.publish("killer")
    ((_, ((entry_id, _),)),) = await house.redis.xreadgroup("probe", "killed", {house.stream(): ">"})
    await house.redis.xclaim(house.stream(), "probe", "killed", 0, [entry_id], retrycount=9)
    async with reading(house):
        await until(house.dead)
    (letter,) = await house.dead()
    assert "never finished" in letter["reason"]
    assert await house.seen() == []


async def test_many_failures_do_not_hide_an_abandoned_entry(house: House) -> None:
    await house.redis.xgroup_create(house.stream(), "probe", id="0", mkstream=True)
    house.settings = house.settings.model_copy(update={"attempts_max": 90, "halt_after": 1000})
    for number in range(35):
        await house.publish(f"defer-{number}")
    await house.publish("orphan")
    await house.redis.xreadgroup("probe", "a-reader-that-died", {house.stream(): ">"})
    async with reading(house):

        async def seen() -> bool:
            return await house.seen() == ["orphan"]

        await until(seen)


async def test_an_entry_that_a_stranger_deleted_is_told_and_forgotten(house: House) -> None:
    await house.redis.xgroup_create(house.stream(), "probe", id="0", mkstream=True)
    await house.publish("gone")
    ((_, ((entry_id, _),)),) = await house.redis.xreadgroup("probe", "a-reader-that-died", {house.stream(): ">"})
    await house.redis.xdel(house.stream(), entry_id)
    with capture_logs() as told:  # whatever an earlier test of this process made of the log
        async with reading(house):

            async def is_told() -> bool:
                return any("deleted before they were handled" in line["event"] for line in told)

            await until(is_told)
            assert await settled(house)


async def test_two_readers_of_one_group_have_one_effect_each(house: House) -> None:
    other = House(
        house.settings.model_copy(update={"replica": "other", "claim_idle_ms": 100}), house.database, house.redis
    )
    names = sorted(f"r{number:03}" for number in range(300))
    async with reading(house), reading(other):
        for name in names:
            await house.publish(name)

        async def all_seen() -> bool:
            return await house.seen() == names and await settled(house)

        await until(all_seen)

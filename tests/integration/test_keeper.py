"""The keeper: what Redis loses is published again, what everybody has is let go, and nothing is cut too early."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import MetaData, func, select, update

from shared.bus import DEAD_STREAM
from shared.contract import Contract
from shared.events import CaseJoined, ReportResolved
from shared.health import Health
from shared.keeper import Keeper
from shared.keeper.keeper import KEEP_RECEIPTS, KEEP_ROWS
from shared.outbox import Relay
from shared.settings import Settings
from shared.work import Database, Work, now

CONTRACT = Contract("probe", reads=(ReportResolved,), writes=(CaseJoined,))


@dataclass
class House:
    """One service's outbox with its relay and keeper, against the real server."""

    settings: Settings
    database: Database
    redis: Any
    health: Health = field(default_factory=Health)

    def __post_init__(self) -> None:
        self.relay = Relay(self.database, self.redis, self.settings.stream_prefix)
        self.keeper = Keeper(self.database, self.relay, self.settings, CONTRACT, self.health)
        self.stream = f"{self.settings.stream_prefix}:{CaseJoined.STREAM}"
        self.dead = f"{self.settings.stream_prefix}:{DEAD_STREAM}"

    async def say(self, *reports: str) -> None:
        def job(work: Work) -> None:
            for report in reports:
                work.emit(CaseJoined(case_id="c", report_id=report, report_count=2))

        await self.database.run(job)
        await self.send()

    async def bury(self, *letters: str) -> None:
        def job(work: Work) -> None:
            for letter in letters:
                work.post(DEAD_STREAM, {"id": letter})

        await self.database.run(job)
        await self.send()

    async def send(self) -> None:
        while await self.relay.sweep():
            pass

    async def group(self, name: str) -> None:
        await self.redis.xgroup_create(self.stream, name, id="0", mkstream=True)

    async def take(self, name: str, count: int) -> list[bytes]:
        answer = await self.redis.xreadgroup(name, "me", {self.stream: ">"}, count=count)
        return [entry_id for _, entries in answer for entry_id, _ in entries]

    async def handle(self, name: str, count: int) -> None:
        await self.redis.xack(self.stream, name, *await self.take(name, count))

    async def confirmed(self) -> int:
        rows = select(func.count()).select_from(self.database.outbox).where(self.database.outbox.c.confirmed)
        return await self.database.look(lambda session: session.scalar(rows) or 0)

    async def reports(self) -> list[str]:
        entries = await self.redis.xrange(self.stream)
        return [CaseJoined.model_validate_json(fields[b"data"]).report_id for _, fields in entries]

    async def letters(self) -> list[bytes]:
        return [fields[b"id"] for _, fields in await self.redis.xrange(self.dead)]

    async def round(self) -> None:
        await self.keeper.round()
        await self.send()


@pytest.fixture
async def house(redis: Redis, database_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(database_url=database_url, stream_prefix=prefix, data_dir=tmp_path, stream_keep_entries=5)
    database = Database(settings.database_url_of("probe"), "probe", MetaData())
    await database.create()
    yield House(settings, database, redis)
    await database.close()


async def test_a_row_is_confirmed_once_every_group_has_acknowledged_it(house: House) -> None:
    await house.group("quick")
    await house.group("slow")
    await house.say(*"abcdef")
    await house.handle("quick", 6)
    await house.round()
    assert await house.confirmed() == 0
    await house.handle("slow", 2)
    await house.take("slow", 4)  # read, and not acknowledged
    await house.round()
    assert await house.confirmed() == 2


async def test_what_a_wiped_server_forgot_is_published_again(house: House) -> None:
    await house.group("reader")
    await house.say(*"abcdef")
    await house.handle("reader", 2)
    await house.round()
    await house.redis.delete(house.stream)
    await house.round()
    assert await house.reports() == list("cdef")


async def test_new_entries_after_a_wipe_do_not_hide_the_loss(house: House) -> None:
    await house.group("reader")
    await house.say("a", "b")
    await house.redis.delete(house.stream)
    await house.say("c")
    await house.group("reader")
    await house.handle("reader", 1)
    await house.round()
    assert await house.reports() == ["c", "a", "b"]
    assert await house.confirmed() == 0
    await house.round()
    assert await house.confirmed() == 1


async def test_a_tail_that_a_power_loss_took_is_published_again(house: House) -> None:
    await house.group("reader")
    await house.say("a", "b", "c")
    (last, _) = (await house.redis.xrevrange(house.stream, count=1))[0]
    await house.redis.xdel(house.stream, last)
    await house.round()
    assert await house.reports() == ["a", "b", "c"]


async def test_nothing_is_confirmed_while_a_known_group_is_away(house: House) -> None:
    await house.group("one")
    await house.group("two")
    await house.say("a")
    await house.round()
    await house.redis.xgroup_destroy(house.stream, "two")
    await house.handle("one", 1)
    await house.round()
    assert await house.confirmed() == 0
    await house.group("two")
    await house.handle("two", 1)
    await house.round()
    assert await house.confirmed() == 1


async def test_a_dropped_dead_letter_stays_away_and_a_wiped_one_comes_back(house: House) -> None:
    await house.bury("kept", "dropped")
    (dropped, _) = (await house.redis.xrevrange(house.dead, count=1))[0]
    await house.redis.xdel(house.dead, dropped)
    await house.round()
    assert await house.letters() == [b"kept"]
    await house.redis.delete(house.dead)
    await house.round()
    assert await house.letters() == [b"kept"]


async def test_a_stream_is_cut_behind_its_slowest_group_and_keeps_its_newest_entries(house: House) -> None:
    await house.group("quick")
    await house.group("slow")
    for _ in range(4):  # Redis cuts whole nodes of a hundred entries
        await house.say(*map(str, range(100)))
        await house.handle("quick", 100)
        await house.round()
    assert len(await house.reports()) == 400
    for _ in range(4):
        await house.handle("slow", 100)
        await house.round()
    left = len(await house.reports())
    assert house.settings.stream_keep_entries <= left <= 200
    assert await house.redis.xlen(house.dead) == 0


async def test_a_stream_that_nobody_reads_is_bounded_by_age(house: House) -> None:
    await house.say(*map(str, range(200)))
    await house.round()
    assert len(await house.reports()) == 200
    house.keeper._retention[CaseJoined.STREAM]._keep = timedelta(0)
    house.keeper._keep = timedelta(0)
    await house.round()
    assert len(await house.reports()) < 200
    assert await house.confirmed() == 200


async def test_dead_letters_are_never_cut(house: House) -> None:
    await house.bury(*map(str, range(200)))
    await house.round()
    assert len(await house.letters()) == 200


async def test_old_rows_and_receipts_are_forgotten_and_only_those(house: House) -> None:
    await house.group("reader")
    await house.say(*"abcd")
    await house.handle("reader", 2)
    await house.database.run(lambda work: work.take_in([("s", "old"), ("s", "new")]) and None)
    await house.round()
    outbox, inbox = house.database.outbox, house.database.inbox
    long_ago = now() - KEEP_RECEIPTS - timedelta(days=1)

    def age(work: Work) -> None:
        work.session.connection().execute(update(outbox).values(created_at=long_ago))
        old = update(inbox).where(inbox.c.event_id == "old").values(received_at=long_ago)
        work.session.connection().execute(old)

    await house.database.run(age)
    at = now()
    assert not await house.keeper._ledger.forget(published_before=at - KEEP_ROWS, handled_before=at - KEEP_RECEIPTS)
    left = await house.database.look(lambda session: session.scalar(select(func.count()).select_from(outbox)))
    receipts = await house.database.look(lambda session: session.execute(select(inbox.c.event_id)).scalars().all())
    assert left == 2  # the two that no reader has acknowledged stay, however old
    assert receipts == ["new"]


async def test_many_old_rows_are_forgotten_in_steps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.keeper.ledger.FORGET_STEP", 10)
    await house.database.run(lambda work: work.take_in([("s", str(one)) for one in range(25)]) and None)
    steps = 1
    while await house.keeper._ledger.forget(published_before=now(), handled_before=now()):
        steps += 1
    assert steps > 1
    inbox = house.database.inbox
    assert not await house.database.look(lambda session: session.scalar(select(func.count()).select_from(inbox)))


async def test_a_long_outbox_closes_the_doors_until_it_is_short_again(house: House) -> None:
    house.keeper._settings = house.settings.model_copy(update={"outbox_max": 3})

    def job(work: Work) -> None:
        for report in "abcdef":
            work.emit(CaseJoined(case_id="c", report_id=report, report_count=2))

    await house.database.run(job)
    await house.keeper._measure_outbox()
    with pytest.raises(Exception, match="wait for Redis"):
        house.health.may_take()
    await house.send()
    await house.keeper._measure_outbox()
    house.health.may_take()

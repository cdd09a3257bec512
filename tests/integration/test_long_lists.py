"""A long list comes in by steps: nothing of it stays when a step fails, and mails are judged rightly meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from services.blocklist.checking import Wanted
from services.blocklist.comparing import Comparison
from services.blocklist.gateway import FIELDS_MAX, Gateway
from services.blocklist.imports import STEP, Making
from services.blocklist.rules.fields import GATEWAY
from services.blocklist.staging import Checked
from services.blocklist.tables import Claim, Entry, UnderWay
from services.blocklist.unfinished import TakeBackStopped, begin
from shared.blobs import open_blobs
from shared.bus import connect
from shared.errors import Defer
from shared.events import BlockImported
from shared.run import Room
from shared.work import now
from tests.bench.timings import Timings
from tests.mails import mail
from tests.milter_client import MilterClient
from tests.services import House, house
from tests.waiting import until

FEE = "fee@parcel.example"
WANTED = Wanted("jsonl", "block", "tenant", "30d", "", "api", dry_run=False, skip_bad=False)


@pytest.fixture
async def book(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("blocklist",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


def lines(count: int, *more: dict[str, str]) -> str:
    """A list in no order of its values."""
    some = [{"value": f"d{number * 7919 % count:05}.example"} for number in range(count)]
    return "".join(json.dumps(one) + "\n" for one in [*some, *more])


async def take(made: House, content: str) -> httpx.Response:
    async with made.http("blocklist") as http:
        http.timeout = httpx.Timeout(60)
        return await http.post("/v1/imports", params={"format": "jsonl"}, content=content.encode())


async def statuses(made: House) -> dict[str, int]:
    query = select(col(Entry.status), func.count()).group_by(col(Entry.status))
    return await made.database("blocklist").look(
        lambda s: {str(status): int(count) for status, count in s.execute(query)}
    )


async def fields(made: House) -> int:
    return int(await made.redis.hlen(f"{made.prefix}:gateway"))


async def test_an_import_that_fails_in_the_middle_leaves_nothing(book: House) -> None:
    """A step in the middle fails on a real error of the database: two entries break an index that was made for it."""
    assert (await take(book, json.dumps({"value": FEE}))).json()["made"] == 1

    async def stands() -> bool:
        return await fields(book) == 1

    await until(stands)
    never = text("CREATE UNIQUE INDEX only_one_boom ON blocklist_entry (note) WHERE note = 'boom'")
    await book.database("blocklist").run(lambda work: work.session.connection().execute(never))
    late = [{"value": f"z{number}.example", "note": "boom"} for number in range(2)]
    with pytest.raises(httpx.HTTPError):
        (await take(book, lines(2 * STEP, *late))).raise_for_status()
    assert await statuses(book) == {"active": 1, "removed": 2 * STEP}
    claimed = select(func.count()).select_from(Claim)
    assert await book.database("blocklist").look(lambda session: session.execute(claimed).scalar()) == 1
    assert [one["entry_count"] for one in await book.said(BlockImported)] == [1]
    waiting = select(func.count()).select_from(Entry).where(col(Entry.applied) < col(Entry.generation))

    async def applied() -> bool:
        return not await book.database("blocklist").look(lambda session: session.execute(waiting).scalar())

    await until(applied, patience_s=20)
    assert await fields(book) == 1


async def test_a_list_with_repeats_makes_each_entry_once_though_they_come_in_steps(book: House) -> None:
    twice = lines(STEP + 5) + lines(STEP + 5)
    answer = (await take(book, twice)).json()
    assert (answer["lines"], answer["made"], answer["known"]) == (2 * (STEP + 5), STEP + 5, STEP + 5)
    again = (await take(book, twice)).json()
    assert (again["made"], again["known"]) == (0, 2 * (STEP + 5))
    assert await statuses(book) == {"active": STEP + 5}


async def test_mails_are_judged_rightly_while_a_long_list_comes_in(book: House) -> None:
    await take(book, json.dumps({"value": FEE}))

    async def stands() -> bool:
        return await fields(book) == 1

    await until(stands)
    coming = asyncio.create_task(take(book, lines(8 * STEP)))
    milter = await MilterClient.connect(book.ports["milter_port"])
    asked = 0
    async with book.http("blocklist") as http:
        while not coming.done() or not asked:
            refused = await milter.mail(mail(), sender=FEE, recipients=["ana@example.org"])
            passed = await milter.mail(mail(), sender="friend@elsewhere.example", recipients=["ana@example.org"])
            assert (bool(refused.at_rcpt), bool(passed.at_rcpt or passed.at_end)) == (True, False)
            for sender, action in ((FEE, "block"), ("friend@elsewhere.example", "none")):
                told = (await http.post("/v1/check", json={"from": sender})).json()
                assert told["action"] == action
            asked += 1
        assert (await coming).json()["made"] == 8 * STEP

        async def all_known() -> bool:
            return await fields(book) == 8 * STEP + 1

        await until(all_known, patience_s=30)
        assert (await http.post("/v1/check", json={"from": "x@d00077.example"})).json()["action"] == "block"
    stopped = await milter.mail(mail(), sender="x@d00077.example", recipients=["ana@example.org"])
    assert stopped.at_rcpt
    await milter.leave()


async def test_a_large_change_is_written_whole_and_what_is_put_is_not_dropped(redis_url: str, prefix: str) -> None:
    redis: Any = connect(redis_url)
    gateway = Gateway(redis, prefix)
    count = 2 * FIELDS_MAX + 3
    old = [(GATEWAY, f"old{number}") for number in range(count)]
    await gateway.write({**dict.fromkeys(old, "1"), ("map:ip", "203.0.113.7"): "1"}, ())
    assert await redis.hlen(f"{prefix}:gateway") == count
    new = {(GATEWAY, f"new{number}"): str(number) for number in range(count)}
    await gateway.write({**new, old[0]: "2"}, old)
    found = await redis.hgetall(f"{prefix}:gateway")
    assert found == {b"old0": b"2", **{f"new{number}".encode(): str(number).encode() for number in range(count)}}
    assert await redis.hgetall(f"{prefix}:map:ip") == {b"203.0.113.7": b"1"}
    await redis.aclose()


async def test_a_strange_field_in_the_hash_of_urls_is_dropped(book: House) -> None:
    """Its fields are hashes, which tell no value; what a field says tells whose it is."""
    pages = [{"value": f"http://pages.example/p{number}"} for number in range(300)]
    await take(book, "".join(json.dumps(one) + "\n" for one in pages))
    name = f"{book.prefix}:map:urlsha256"

    async def has_all() -> bool:
        return bool(await book.redis.hlen(name) == 600)

    await until(has_all)
    right = await book.redis.hgetall(name)
    comparison = Comparison(book.database("blocklist"), Gateway(book.redis, book.prefix), asyncio.Lock())
    assert await walk(comparison) == (0, 0)
    await book.redis.hset(name, "0" * 64, "LONGSTOP_REJECT:1")
    assert await walk(comparison) == (0, 1)
    await book.redis.hdel(name, *list(right)[:5])
    await book.redis.hset(name, "1" * 64, "LONGSTOP_REJECT:1")
    assert await walk(comparison) == (5, 1)
    assert await book.redis.hgetall(name) == right


async def walk(comparison: Comparison) -> tuple[int, int]:
    """More pages than either side has: ten at a time, of some twenty."""
    found = [await comparison.go() for _ in range(4)]
    return sum(put for put, _ in found), sum(dropped for _, dropped in found)


async def test_each_answer_is_timed_by_who_gave_it(book: House) -> None:
    milter = await MilterClient.connect(book.ports["milter_port"])
    async with book.http("blocklist") as http:
        before = await Timings.of(http)
        for _ in range(3):
            await milter.mail(mail(), sender=FEE, recipients=["ana@example.org"])
            await http.post("/v1/check", json={"from": FEE})
            await http.get("/v1/nowhere")
        spent = (await Timings.of(http)).since(before)
        assert spent.doors["milter"][float("inf")] == spent.doors["check"][float("inf")] == 3
        half, most = spent.at("milter")
        assert 0 < half <= most
        names = (await http.get("/metrics")).text
        assert 'route="other"' in names
        assert "nowhere" not in names
    await milter.leave()


async def test_an_import_that_was_stopped_in_the_middle_is_taken_back(
    book: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a power cut: its first step is committed, and nobody goes on."""
    await take(book, json.dumps({"value": FEE}))
    database = book.database("blocklist")
    await database.run(lambda work: begin("cut", work))
    making = Making("cut", WANTED, now(), room=10**6, is_told=False)
    rows = [Checked("domain", f"d{number}.example", "block", "tenant", None, None, "") for number in range(STEP)]
    assert await database.run(lambda work: making.make(rows, work)) == STEP

    async def stand(count: int) -> None:
        async def so_many() -> bool:
            return await fields(book) == count

        await until(so_many, patience_s=20)

    await stand(STEP + 1)
    room = Room(None, database, open_blobs(book.data_dir), book.redis)
    await TakeBackStopped(room)()
    assert await statuses(book) == {"active": STEP + 1}  # it may still be at it
    monkeypatch.setattr("services.blocklist.unfinished.STOPPED", timedelta(0))
    await TakeBackStopped(room)()
    assert await statuses(book) == {"active": 1, "removed": STEP}
    await stand(1)
    with pytest.raises(Defer, match="take the list in again"):
        await database.run(lambda work: making.make(rows, work))
    assert await statuses(book) == {"active": 1, "removed": STEP}


async def test_a_list_that_does_not_fit_leaves_nothing_and_one_that_stands_fits(
    book: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.blocklist.imports.ENTRIES_MAX", STEP + 10)
    assert (await take(book, lines(STEP + 10))).status_code == 201
    assert (await take(book, lines(STEP + 10))).json()["known"] == STEP + 10
    answer = await take(book, lines(STEP + 10, {"value": "one.example"}))
    assert (answer.status_code, "may stand at once" in answer.json()["detail"]) == (422, True)
    assert (await statuses(book))["active"] == STEP + 10
    left = select(func.count()).select_from(UnderWay)
    assert await book.database("blocklist").look(lambda session: session.execute(left).scalar()) == 0
    monkeypatch.setattr("services.blocklist.checking.LINES_MAX", 5)
    assert "more than 5 lines" in (await take(book, lines(6))).json()["detail"]

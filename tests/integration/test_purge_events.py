"""What mailboxes says of a purge on the streams, and hears there: until when a plan is good, what waits, who does not want it."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from services.mailboxes.stores.memory import MemoryStore, memory_store, unreachable
from shared.events import PurgeDelayed, PurgeFinished, PurgePlanned, PurgeRequested, PurgeWithdrawn
from tests.command_line import longstop
from tests.purging import PEOPLE, act, ask, box_of, restored, show, standing
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
def store(prefix: str) -> MemoryStore:
    made = memory_store(prefix)
    made.boxes = {name: box_of(number) for number, name in enumerate(PEOPLE)}
    return made


@pytest.fixture
async def made(redis_url: str, prefix: str, data_dir: Path, store: MemoryStore) -> AsyncIterator[House]:
    del store
    url = f"memory://{prefix}"
    async with house(("mailboxes",), redis_url, prefix, data_dir, mailstore_url=url, purge_plan_minutes=30) as one:
        yield one


async def test_a_plan_says_until_when_it_may_be_approved(made: House) -> None:
    purge_id = await ask(made)
    (planned,) = await made.said(PurgePlanned)
    since = (await show(made, purge_id))["planned_at"]
    good = datetime.fromisoformat(planned["approve_until"]) - datetime.fromisoformat(since)
    assert good.total_seconds() == 30 * 60


async def test_who_does_not_want_a_purge_ends_it_by_an_event_and_once_it_has_begun_does_not(
    made: House, store: MemoryStore
) -> None:
    unwanted = await ask(made)
    await made.publish(PurgeWithdrawn(purge_id=unwanted, by="mallory"))
    await standing(made, unwanted, "finished")
    (finished,) = await made.said(PurgeFinished)
    assert (finished["outcome"], finished["reason"]) == ("withdrawn", "withdrawn by mallory")
    begun = await ask(made)
    await act(made, begun, "approval", by="mallory", plan=1)
    await standing(made, begun, "finished")
    await made.publish(PurgeWithdrawn(purge_id=begun, by="eve"))
    marker = PurgeRequested(purge_id="p", by="eve", match={"message_id": "1@x"})
    await made.publish(marker)

    async def all_are_heard() -> bool:
        return len(await made.said(PurgeFinished)) == 3

    await until(all_are_heard)
    assert (await show(made, begun))["outcome"] == "done"
    assert await made.said("dead.v1") == []
    assert len(store.boxes[PEOPLE[0]].folders["Quarantine"]) == 1


async def test_a_mailbox_that_does_not_answer_is_told_once_for_each_task(made: House, store: MemoryStore) -> None:
    purge_id = await ask(made)
    store.boxes[PEOPLE[1]].fails = unreachable()
    await act(made, purge_id, "approval", by="mallory", plan=1)

    async def waits() -> bool:
        boxes = {one["mailbox"]: one for one in (await show(made, purge_id))["mailboxes"]}
        return bool(boxes[PEOPLE[1]]["attempts"] > 2)

    await until(waits)
    (delayed,) = await made.said(PurgeDelayed)
    told = {name: delayed[name] for name in ("purge_id", "mailbox", "task", "plan", "restore_id")}
    assert told == {"purge_id": purge_id, "mailbox": PEOPLE[1], "task": "purge", "plan": 1, "restore_id": ""}
    assert delayed["reason"]
    await act(made, purge_id, "restore", by="eve")

    async def both() -> bool:
        return [one["task"] for one in await made.said(PurgeDelayed)] == ["purge", "restore"]

    await until(both)
    store.boxes[PEOPLE[1]].fails = None
    await restored(made, purge_id)


async def test_a_list_marks_purges_that_were_undone(made: House) -> None:
    undone, partly, stays = [await ask(made) for _ in range(3)]
    for purge_id in (undone, partly, stays):
        await act(made, purge_id, "approval", by="mallory", plan=1)
        await standing(made, purge_id, "finished")
        if purge_id != stays:
            named = {"mailboxes": [PEOPLE[0]]} if purge_id == partly else {}
            await act(made, purge_id, "restore", by="eve", **named)
            await restored(made, purge_id)
    how = {row["purge_id"]: row["undone"] for row in (await longstop(made, "purge", "list", "--json")).rows}
    assert how == {undone: "restored", partly: "partly", stays: ""}
    table = (await longstop(made, "purge", "list")).stdout.splitlines()
    lines = {one[:8]: next(line for line in table if one[:8] in line) for one in how}
    assert "partly restored" in lines[partly[:8]]
    assert "restored" in lines[undone[:8]]
    assert "partly" not in lines[undone[:8]]
    assert "restored" not in lines[stays[:8]]

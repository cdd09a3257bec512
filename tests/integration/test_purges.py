"""A purge from beginning to end, and back, in a store in memory: what is moved, what is not, and who must agree."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.mailboxes.stores.memory import MemoryStore, memory_store, unreachable
from shared.errors import Reject
from shared.events import (
    NotificationSent,
    PurgeApproved,
    PurgeFinished,
    PurgeMatch,
    PurgePlanned,
    PurgeRequested,
    RestoreFinished,
    RestoreRequested,
)
from tests.mails import mail
from tests.purging import AT, MATCH, PEOPLE, act, ask, box_of, restored, show, standing
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
def store(prefix: str) -> MemoryStore:
    made = memory_store(prefix)
    made.boxes = {name: box_of(number) for number, name in enumerate(PEOPLE)}
    return made


LIMITS = {"purge_approval_above": 3, "purge_mailboxes_max": 4, "purge_messages_max": 5}


@pytest.fixture
async def made(redis_url: str, prefix: str, data_dir: Path, store: MemoryStore) -> AsyncIterator[House]:
    del store
    url = f"memory://{prefix}"
    async with house(("mailboxes",), redis_url, prefix, data_dir, mailstore_url=url, **LIMITS) as one:
        yield one


@pytest.fixture
async def on_both(
    redis_url: str, prefix: str, data_dir: Path, database_url: str, store: MemoryStore
) -> AsyncIterator[House]:
    """The same, once on each database."""
    del store
    more = {"mailstore_url": f"memory://{prefix}", "database_url": database_url, **LIMITS}
    async with house(("mailboxes",), redis_url, prefix, data_dir, **more) as one:
        yield one


async def test_a_campaign_leaves_four_mailboxes_and_comes_back_as_it_was(on_both: House, store: MemoryStore) -> None:
    before = {name: box.state() for name, box in store.boxes.items()}
    purge_id = await ask(on_both)
    assert {name: box.state() for name, box in store.boxes.items()} == before, "a plan changes nothing"
    planned = await show(on_both, purge_id)
    assert [(one["mailbox"], one["found"], one["unlike"]) for one in planned["mailboxes"]] == [
        (name, 1, 1) for name in PEOPLE
    ]
    assert await act(on_both, purge_id, "approval", by="mallory", plan=1) == 202
    done = await standing(on_both, purge_id, "finished")
    assert done["outcome"] == "done"
    assert {one["result"] for one in done["mailboxes"]} == {"success"}
    for name, box in store.boxes.items():
        left = {one for one in box.state() if not one.startswith("Quarantine")}
        assert left < set(before[name])
        assert len(set(before[name]) - left) == 1
        assert len(box.folders["Quarantine"]) == 1
    assert await act(on_both, purge_id, "restore", by="eve") == 202
    await restored(on_both, purge_id)
    assert {name: box.state() for name, box in store.boxes.items()} == before
    said = [len(await on_both.said(kind)) for kind in (PurgeRequested, PurgePlanned, PurgeApproved, PurgeFinished)]
    assert said == [1, 1, 1, 1]
    finished, back = await on_both.said(PurgeFinished), await on_both.said(RestoreFinished)
    assert [len(one["moved"]) for one in finished[0]["mailboxes"]] == [1, 1, 1, 1]
    assert [(one["restored"], one["kept"]) for one in back[0]["mailboxes"]] == [(1, 0)] * 4
    assert await on_both.said(NotificationSent) == []
    assert await on_both.said("dead.v1") == []


async def test_above_a_number_of_mailboxes_a_second_person_must_approve(on_both: House, store: MemoryStore) -> None:
    purge_id = await ask(on_both)
    assert (await show(on_both, purge_id))["needs_second"] is True
    assert await act(on_both, purge_id, "approval", by="eve", plan=1) == 409
    assert (await show(on_both, purge_id))["status"] == "planned"
    assert await act(on_both, purge_id, "approval", by="mallory", plan=2) == 409, "not this plan"
    await on_both.publish(PurgeApproved(purge_id=purge_id, plan=1, by="mallory"))
    assert (await standing(on_both, purge_id, "finished"))["approved_by"] == "mallory"
    small = await ask(
        on_both,
        mailboxes=list(PEOPLE[:3]),
        match={**MATCH, "message_id": "1@ok", "from_address": "", "subject": "Lunch 1"},
    )
    assert (await show(on_both, small))["needs_second"] is False
    assert await act(on_both, small, "approval", by="eve", plan=1) == 202
    await standing(on_both, small, "finished")
    assert [len(store.boxes[name].folders["Quarantine"]) for name in PEOPLE] == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"match": {"message_id": "1@parcel-fee.example"}}, "a Message-ID alone is not enough"),
        ({"match": {"subject": "x"}}, "give the Message-ID and a second property"),
        ({"match": {"message_id": "1@x", "from_address": "boss@example.org"}}, "must be forced"),
        ({"mailboxes": [f"{number}@example.org" for number in range(5)]}, "LONGSTOP_PURGE_MAILBOXES_MAX"),
    ],
)
async def test_what_may_not_be_purged_is_refused_with_the_reason(
    made: House, store: MemoryStore, wanted: dict[str, Any], words: str
) -> None:
    async with made.http("mailboxes") as http:
        answer = await http.post("/v1/purges", json={"match": MATCH, **wanted})
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
        assert (await http.get("/v1/purges")).json()["purges"] == []
    match = PurgeMatch.model_validate({**MATCH, **wanted.get("match", {"subject": "x"})})
    event = PurgeRequested(purge_id="p", by="eve", go=True, match=match, mailboxes=tuple(wanted.get("mailboxes", ())))
    if "match" in wanted:
        event = event.model_copy(update={"match": PurgeMatch.model_validate(wanted["match"])})
    await made.publish(event)
    found: Any = await until(lambda: made.said(PurgeFinished))
    (refused,) = found
    assert (refused["outcome"], words in refused["reason"]) == ("refused", True)
    assert all("Quarantine" not in box.folders for box in store.boxes.values())


async def test_an_own_sender_is_purged_by_force(made: House, store: MemoryStore) -> None:
    store.boxes[PEOPLE[0]].deliver(mail(sender="boss@example.org", message_id="9@own"), AT)
    match = {"message_id": "9@own", "from_address": "boss@example.org"}
    purge_id = await ask(made, match=match, force=True)
    assert await act(made, purge_id, "approval", by="eve", plan=1) == 202
    await standing(made, purge_id, "finished")
    assert len(store.boxes[PEOPLE[0]].folders["Quarantine"]) == 1


async def test_a_mailbox_that_fails_fails_alone(made: House, store: MemoryStore) -> None:
    store.boxes[PEOPLE[1]].fails = Reject("the mailbox is broken")
    for _ in range(5):
        store.boxes[PEOPLE[2]].deliver(mail(), AT)
    purge_id = await ask(made)
    planned = {one["mailbox"]: one for one in (await show(made, purge_id))["mailboxes"]}
    assert [planned[name]["found"] for name in PEOPLE] == [1, 0, 0, 1]
    assert planned[PEOPLE[1]]["reason"] == "the mailbox is broken"
    assert planned[PEOPLE[2]]["reason"] == "7 mails are found, at most 5 are taken out of a mailbox"
    await act(made, purge_id, "approval", by="eve", plan=1)
    done = await standing(made, purge_id, "finished")
    assert (done["outcome"], done["why"]) == ("done", "failed: 2 of 4 mailboxes")
    (finished,) = await made.said(PurgeFinished)
    results = {one["mailbox"]: one["result"] for one in finished["mailboxes"]}
    assert [results[name] for name in PEOPLE] == ["success", "failure", "failure", "success"]


async def test_a_store_that_goes_away_delays_and_then_it_is_done(made: House, store: MemoryStore) -> None:
    purge_id = await ask(made)
    store.fails = unreachable()
    await act(made, purge_id, "approval", by="mallory", plan=1)

    async def all_wait() -> bool:
        boxes = (await show(made, purge_id))["mailboxes"]
        return all(one["result"] == "delayed" and one["attempts"] > 1 for one in boxes)

    await until(all_wait)
    assert all("Quarantine" not in box.folders for box in store.boxes.values())
    assert await made.said(PurgeFinished) == []
    store.fails = None
    done = await standing(made, purge_id, "finished")
    assert {one["result"] for one in done["mailboxes"]} == {"success"}


async def test_a_purge_is_stopped_and_undone_while_it_runs(made: House, store: MemoryStore) -> None:
    before = {name: box.state() for name, box in store.boxes.items()}
    purge_id = await ask(made)
    store.boxes[PEOPLE[3]].fails = unreachable()
    await act(made, purge_id, "approval", by="mallory", plan=1)

    async def some_moved() -> bool:
        boxes = (await show(made, purge_id))["mailboxes"]
        return len([one for one in boxes if one["moved"]]) == 3

    await until(some_moved)
    assert await act(made, purge_id, "restore", by="eve") == 202
    store.boxes[PEOPLE[3]].fails = None
    assert (await restored(made, purge_id))["status"] == "finished"
    assert {name: box.state() for name, box in store.boxes.items()} == before


async def test_only_the_mailboxes_that_are_named_are_restored_and_again_changes_nothing(
    made: House, store: MemoryStore
) -> None:
    before = {name: box.state() for name, box in store.boxes.items()}
    purge_id = await ask(made)
    await act(made, purge_id, "approval", by="mallory", plan=1)
    await standing(made, purge_id, "finished")
    for _ in range(2):
        assert await act(made, purge_id, "restore", by="eve", mailboxes=[PEOPLE[0]]) == 202
        await restored(made, purge_id)
        assert [store.boxes[name].state() == before[name] for name in PEOPLE] == [True, False, False, False]
    await made.publish(RestoreRequested(restore_id="r", purge_id=purge_id, by="console"))

    async def all_back() -> bool:
        return len(await made.said(RestoreFinished)) == 3

    await until(all_back)
    assert {name: box.state() for name, box in store.boxes.items()} == before


async def test_what_users_did_with_quarantined_mail_is_respected_and_told(made: House, store: MemoryStore) -> None:
    purge_id = await ask(made)
    await act(made, purge_id, "approval", by="mallory", plan=1)
    await standing(made, purge_id, "finished")
    taken = store.boxes[PEOPLE[0]].folders["Quarantine"].pop()
    store.boxes[PEOPLE[0]].folders["Work"] = [taken]
    store.boxes[PEOPLE[1]].folders["Quarantine"].clear()
    await act(made, purge_id, "restore", by="eve")
    await restored(made, purge_id)
    (back,) = await made.said(RestoreFinished)
    assert [(one["restored"], one["kept"]) for one in back["mailboxes"]] == [(0, 1), (0, 1), (1, 0), (1, 0)]
    assert store.boxes[PEOPLE[0]].folders["Work"] == [taken]


async def test_a_plan_is_made_anew_and_an_old_one_is_not_acted_on(
    made: House, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    purge_id = await ask(made)
    monkeypatch.setattr("services.mailboxes.purges.fresh_until", lambda **_: AT)
    assert await act(made, purge_id, "approval", by="mallory", plan=1) == 409
    monkeypatch.undo()
    store.boxes[PEOPLE[0]].deliver(mail(), AT + timedelta(days=1))
    assert await act(made, purge_id, "plan") == 202

    async def again() -> bool:
        purge = await show(made, purge_id)
        return (purge["status"], purge["plan"]) == ("planned", 2)

    await until(again)
    assert await act(made, purge_id, "approval", by="mallory", plan=1) == 409
    assert await act(made, purge_id, "approval", by="mallory", plan=2) == 202
    await standing(made, purge_id, "finished")
    assert len(store.boxes[PEOPLE[0]].folders["Quarantine"]) == 2


async def test_what_came_after_the_plan_is_not_touched(made: House, store: MemoryStore) -> None:
    purge_id = await ask(made)
    store.boxes[PEOPLE[0]].deliver(mail(), AT + timedelta(days=1))
    await act(made, purge_id, "approval", by="mallory", plan=1)
    await standing(made, purge_id, "finished")
    assert len(store.boxes[PEOPLE[0]].folders["Quarantine"]) == 1
    assert len(store.boxes[PEOPLE[0]].folders["INBOX"]) == 3


async def test_a_purge_that_was_withdrawn_is_not_acted_on(made: House, store: MemoryStore) -> None:
    purge_id = await ask(made)
    assert await act(made, purge_id, "withdrawal", by="eve") == 202
    for verb, body in (("approval", {"by": "mallory", "plan": 1}), ("restore", {}), ("plan", {}), ("withdrawal", {})):
        assert await act(made, purge_id, verb, **body) == 409, verb
    assert (await show(made, purge_id))["outcome"] == "withdrawn"
    assert all("Quarantine" not in box.folders for box in store.boxes.values())


async def test_users_are_told_when_the_purge_says_so(made: House) -> None:
    purge_id = await ask(made, tell_users=True, match={**MATCH, "subject": "Your parcel is waiting"})
    await act(made, purge_id, "approval", by="mallory", plan=1)

    async def all_told() -> bool:
        return len(await made.said(NotificationSent)) == 4

    await until(all_told)
    told = await made.said(NotificationSent)
    assert {(one["recipient"], one["kind"], one["item_count"]) for one in told} == {
        (name, "purge", 1) for name in PEOPLE
    }
    letters = sorted((made.data_dir / "outbox").glob("*.eml"))
    assert len(letters) == 4
    assert b"Your parcel is waiting" in letters[0].read_bytes()


async def test_a_purge_is_found_by_the_beginning_of_its_id_and_nothing_else_is(made: House) -> None:
    purge_id = await ask(made)
    async with made.http("mailboxes") as http:
        assert (await http.get(f"/v1/purges/{purge_id[:6]}")).json()["purge_id"] == purge_id
        for beginning in ("%25", "_", "nothing"):
            assert (await http.get(f"/v1/purges/{beginning}")).status_code == 404
        assert (await http.post("/v1/purges", json={"mail": "0" * 64})).status_code == 404

"""A purge from beginning to end, and back, in a store in memory: what is moved, what is not, and who must agree."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.mailboxes.stores.memory import MemoryBox, MemoryStore, memory_store
from shared.events import (
    NotificationSent,
    PurgeApproved,
    PurgeFinished,
    PurgePlanned,
    PurgeRequested,
    RestoreFinished,
)
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PEOPLE = ("ana@example.org", "ben@example.org", "cleo@example.org", "dan@example.org")
MATCH = {"message_id": "1@parcel-fee.example", "from_address": "fee@parcel-fee.example"}


def innocent(number: int) -> bytes:
    return mail(sender="Ben <ben@example.com>", subject=f"Lunch {number}", body="At one?", message_id=f"{number}@ok")


def box_of(number: int) -> MemoryBox:
    """A mailbox with the campaign's mail, others, and one that has stolen its Message-ID."""
    box = MemoryBox()
    box.deliver(innocent(1), AT)
    box.deliver(mail(), AT + timedelta(seconds=number), flags=frozenset({"\\Seen", "$Work"}))
    box.deliver(innocent(2), AT, folder="Archive/2026")
    box.deliver(mail(sender="Ben <ben@example.com>", subject="Lunch"), AT)
    return box


@pytest.fixture
def store(prefix: str) -> MemoryStore:
    made = memory_store(prefix)
    made.boxes = {name: box_of(number) for number, name in enumerate(PEOPLE)}
    return made


@pytest.fixture
async def made(
    redis_url: str, prefix: str, data_dir: Any, database_url: str, store: MemoryStore
) -> AsyncIterator[House]:
    del store
    async with house(
        ("mailboxes",), redis_url, prefix, data_dir, database_url=database_url, mailstore_url=f"memory://{prefix}"
    ) as one:
        yield one


async def show(made: House, purge_id: str) -> dict[str, Any]:
    async with made.http("mailboxes") as http:
        answer: dict[str, Any] = (await http.get(f"/v1/purges/{purge_id}")).json()
        return answer


async def ask(made: House, **wanted: Any) -> str:
    """Ask for a purge; its id when it is planned."""
    async with made.http("mailboxes") as http:
        answer = await http.post("/v1/purges", json={"match": MATCH, "by": "eve", **wanted})
    assert answer.status_code == 202, answer.text
    purge_id = str(answer.json()["purge_id"])
    await standing(made, purge_id, "planned")
    return purge_id


async def standing(made: House, purge_id: str, status: str) -> dict[str, Any]:
    async def so() -> dict[str, Any] | None:
        purge = await show(made, purge_id)
        return purge if purge["status"] == status else None

    found: Any = await until(so)
    return dict(found)


async def act(made: House, purge_id: str, verb: str, **body: Any) -> int:
    async with made.http("mailboxes") as http:
        return (await http.post(f"/v1/purges/{purge_id}/{verb}", json=body)).status_code


async def restored(made: House, purge_id: str) -> dict[str, Any]:
    async def so() -> dict[str, Any] | None:
        purge = await show(made, purge_id)
        return purge if all(one["finished_at"] for one in purge["restores"]) else None

    found: Any = await until(so)
    return dict(found)


async def test_a_campaign_leaves_four_mailboxes_and_comes_back_as_it_was(made: House, store: MemoryStore) -> None:
    before = {name: box.state() for name, box in store.boxes.items()}
    purge_id = await ask(made)
    assert {name: box.state() for name, box in store.boxes.items()} == before, "a plan changes nothing"
    planned = await show(made, purge_id)
    assert [(one["mailbox"], one["found"], one["unlike"]) for one in planned["mailboxes"]] == [
        (name, 1, 1) for name in PEOPLE
    ]
    assert await act(made, purge_id, "approval", by="eve", plan=1) == 202
    done = await standing(made, purge_id, "finished")
    assert done["outcome"] == "done"
    assert {one["result"] for one in done["mailboxes"]} == {"success"}
    for name, box in store.boxes.items():
        left = {one for one in box.state() if not one.startswith("Quarantine")}
        assert left < set(before[name])
        assert len(set(before[name]) - left) == 1
        assert len(box.folders["Quarantine"]) == 1
    assert await act(made, purge_id, "restore", by="eve") == 202
    await restored(made, purge_id)
    assert {name: box.state() for name, box in store.boxes.items()} == before
    said = [len(await made.said(kind)) for kind in (PurgeRequested, PurgePlanned, PurgeApproved, PurgeFinished)]
    assert said == [1, 1, 1, 1]
    finished, back = await made.said(PurgeFinished), await made.said(RestoreFinished)
    assert [len(one["moved"]) for one in finished[0]["mailboxes"]] == [1, 1, 1, 1]
    assert [(one["restored"], one["kept"]) for one in back[0]["mailboxes"]] == [(1, 0)] * 4
    assert await made.said(NotificationSent) == []
    assert await made.said("dead.v1") == []

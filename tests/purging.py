"""Asking for purges in tests, of mailboxes in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.mailboxes.stores.memory import MemoryBox
from tests.mails import mail
from tests.services import House
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

"""What verdicts do in mailboxes by themselves: nothing, a plan that waits, or a purge; and how a newer one undoes it."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from services.mailboxes.stores.memory import MemoryStore, memory_store
from shared.events import (
    ErasureRequested,
    Event,
    PurgeFinished,
    PurgePlanned,
    PurgeRequested,
    ReportReceived,
    RestoreFinished,
    VerdictIssued,
)
from shared.mail import facts, read_mail
from shared.work import now
from tests.mails import mail
from tests.purging import PEOPLE, box_of, show
from tests.services import House, house
from tests.waiting import until

FACTS = facts(read_mail(mail()))
CASE = "case-1"


def report(reporter: str = PEOPLE[0], number: int = 1) -> ReportReceived:
    return ReportReceived(
        report_id=f"r{number}",
        category="phishing",
        reporter=reporter,
        source="http",
        message=FACTS,
        received_at=now(),
    )


def verdict(version: int = 1, **more: Any) -> VerdictIssued:
    said = {"category": "phishing", "confidence": 0.95, **more}
    return VerdictIssued.model_validate(
        {
            "submission_id": f"s{version}",
            "case_id": CASE,
            "message_sha256": FACTS.sha256,
            "version": version,
            "cause": "filter_missed",
            **said,
        }
    )


@pytest.fixture
def store(prefix: str) -> MemoryStore:
    made = memory_store(prefix)
    made.boxes = {name: box_of(number) for number, name in enumerate(PEOPLE)}
    for box in made.boxes.values():  # delivered just now, for verdicts look back some days
        for mails in box.folders.values():
            for kept in mails:
                kept.received_at = now().replace(microsecond=0)
    return made


@pytest.fixture
def live(redis_url: str, prefix: str, data_dir: Path, store: MemoryStore) -> Any:
    del store

    def make(**settings: Any) -> AbstractAsyncContextManager[House]:
        url = f"memory://{prefix}"
        return house(("mailboxes",), redis_url, prefix, data_dir, mailstore_url=url, **settings)

    return make


async def tell(made: House, event: Event) -> None:
    """Publish an event, and wait until it has been handled."""
    await made.publish(event)
    database = made.database("mailboxes")

    async def heard() -> bool:
        found = await database.look(lambda session: session.connection().execute(database.inbox.select()).all())
        return any(row.event_id == event.event_id() for row in found)

    await until(heard)


async def said(made: House, kind: type[Event], count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]] | None:
        found = await made.said(kind)
        return found if len(found) >= count else None

    found: Any = await until(enough)
    return list(found)


def in_quarantine(store: MemoryStore) -> list[int]:
    return [len(store.boxes[name].folders.get("Quarantine", [])) for name in PEOPLE]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_confident_verdict_takes_copies_from_those_who_have_it_whatever_is_heard_first(
    live: Any, store: MemoryStore, order: tuple[int, int]
) -> None:
    events = (report(), verdict())
    async with live(auto_purge="confident") as made:
        for number in order:
            await tell(made, events[number])
        (finished,) = await said(made, PurgeFinished)
        assert (finished["outcome"], finished["case_id"]) == ("done", CASE)
        (asked,) = await made.said(PurgeRequested)
        assert (asked["by"], asked["mailboxes"], asked["go"]) == ("verdict", [PEOPLE[0]], True)
        assert in_quarantine(store) == [1, 0, 0, 0]


async def test_everywhere_means_everywhere(live: Any, store: MemoryStore) -> None:
    async with live(auto_purge="confident", auto_purge_where="all") as made:
        await made.publish(report())
        await made.publish(verdict())
        await said(made, PurgeFinished)
        assert in_quarantine(store) == [1, 1, 1, 1]


async def test_what_needs_a_second_person_waits_for_one(live: Any, store: MemoryStore) -> None:
    async with live(auto_purge="confident", auto_purge_where="all", purge_approval_above=3) as made:
        await made.publish(report())
        await made.publish(verdict())
        (planned,) = await said(made, PurgePlanned)
        assert (planned["needs_second"], planned["hit_count"]) == (True, 4)
        assert (await show(made, planned["purge_id"]))["status"] == "planned"
        assert in_quarantine(store) == [0, 0, 0, 0]


async def test_ask_plans_and_waits(live: Any, store: MemoryStore) -> None:
    async with live(auto_purge="ask") as made:
        await made.publish(report())
        await made.publish(verdict())
        (planned,) = await said(made, PurgePlanned)
        assert (await show(made, planned["purge_id"]))["status"] == "planned"
        assert in_quarantine(store) == [0, 0, 0, 0]
        await made.publish(verdict(2, category="clean", confidence=0.9))
        (finished,) = await said(made, PurgeFinished)
        assert (finished["outcome"], finished["reason"]) == ("withdrawn", "a newer verdict takes it back")


async def test_a_newer_verdict_puts_back_and_an_older_one_does_nothing(live: Any, store: MemoryStore) -> None:
    before = {name: box.state() for name, box in store.boxes.items()}
    async with live(auto_purge="confident") as made:
        await made.publish(report())
        await made.publish(verdict(2))
        await said(made, PurgeFinished)
        await tell(made, verdict(1, category="clean"))
        assert in_quarantine(store) == [1, 0, 0, 0]
        await made.publish(verdict(3, category="clean", confidence=0.9))
        await said(made, RestoreFinished)
        assert {name: box.state() for name, box in store.boxes.items()} == before


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({}, {}),
        ({"auto_purge": "confident"}, {"confidence": 0.5}),
        ({"auto_purge": "confident"}, {"category": "spam"}),
    ],
)
async def test_no_other_verdict_asks(live: Any, settings: dict[str, Any], more: dict[str, Any]) -> None:
    async with live(**settings) as made:
        await tell(made, report())
        await tell(made, verdict(**more))
        assert await made.said(PurgeRequested) == []


async def test_verdicts_ask_for_so_many_purges_an_hour(live: Any, store: MemoryStore) -> None:
    async with live(auto_purge="confident", purge_per_hour=0) as made:
        await made.publish(report())
        await made.publish(verdict())
        (finished,) = await said(made, PurgeFinished)
        assert finished["outcome"] == "refused"
        assert "in an hour" in finished["reason"]
        assert in_quarantine(store) == [0, 0, 0, 0]


async def test_without_a_store_people_are_told_to_set_one(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("mailboxes",), redis_url, prefix, data_dir) as made, made.http("mailboxes") as http:
        answer = await http.post("/v1/purges", json={"match": {"message_id": "1@x", "subject": "s"}})
        assert answer.status_code == 422
        assert "LONGSTOP_MAILSTORE_URL" in answer.json()["detail"]


async def test_a_person_who_is_forgotten_is_not_looked_for_any_more(live: Any, store: MemoryStore) -> None:
    async with live(auto_purge="confident") as made:
        for number, person in enumerate(PEOPLE[:2]):
            await tell(made, report(person, number))
        await tell(made, ErasureRequested(erasure_id="e", address=PEOPLE[0], requested_at=now()))
        await made.publish(verdict())
        await said(made, PurgeFinished)
        assert in_quarantine(store) == [0, 1, 0, 0]

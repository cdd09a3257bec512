"""What the console knows of purges: from their events alone, the same whatever is heard first, and nothing of who was forgotten."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from services.console import handlers
from services.console.__main__ import handler_name
from services.console.forget import forget, on_erasure_requested
from services.console.queries import standing
from services.console.tables import METADATA, Activity, Purge, PurgeBox
from shared.events import (
    ErasureRequested,
    Event,
    MovedMail,
    PlannedMailbox,
    PurgeApproved,
    PurgeDelayed,
    PurgedMailbox,
    PurgeFinished,
    PurgeMatch,
    PurgePlanned,
    PurgeRequested,
    RestoredMailbox,
    RestoreFinished,
    RestoreRequested,
)
from shared.work import now
from tests.databases import QuickDatabase, quick

ANA, BEN, CLEO = "ana@example.org", "ben@example.org", "cleo@example.org"
MATCH = PurgeMatch(message_id="1@parcel", from_address="Fee@parcel.example", subject="A parcel")
MAIL = MovedMail(folder="INBOX", message_id="<1@parcel>", received_at=datetime(2026, 11, 23, tzinfo=UTC), size_bytes=9)

ASKED = PurgeRequested(
    purge_id="p", by="eve", match=MATCH, mailboxes=(ANA, BEN, CLEO), case_id="case-0", reason="a kit"
)
PLANNED = PurgePlanned(
    purge_id="p", plan=2, mailbox_count=3, hit_count=2, message_count=2, needs_second=True,
    mailboxes=(PlannedMailbox(mailbox=ANA, found=1, unlike=1), PlannedMailbox(mailbox=BEN, found=1)),
)  # fmt: skip
OLDER = PurgePlanned(
    purge_id="p", plan=1, mailbox_count=3, hit_count=3, message_count=3, needs_second=True,
    mailboxes=tuple(PlannedMailbox(mailbox=one, found=1) for one in (ANA, BEN, CLEO)),
)  # fmt: skip
APPROVED = PurgeApproved(purge_id="p", plan=2, by="mallory")
DELAYED = PurgeDelayed(purge_id="p", mailbox=BEN, task="purge", plan=2, reason="it does not answer")
FINISHED = PurgeFinished(
    purge_id="p", outcome="done", case_id="case-0", folder="Quarantine",
    mailboxes=(
        PurgedMailbox(mailbox=ANA, result="success", moved=(MAIL,)), PurgedMailbox(mailbox=BEN, result="gone", gone=1),
    ),
)  # fmt: skip
WANTED = RestoreRequested(restore_id="r", purge_id="p", by="eve", reason="A real invoice")
BACK = RestoreFinished(
    restore_id="r", purge_id="p", mailboxes=(RestoredMailbox(mailbox=ANA, result="success", restored=1),)
)
STORY: list[Event] = [ASKED, OLDER, PLANNED, APPROVED, DELAYED, FINISHED, WANTED, BACK]


@pytest.fixture
def console(tmp_path: Path) -> Iterator[QuickDatabase]:
    made = quick(tmp_path, "console", METADATA)
    yield made
    made.leave()


def hear(console: QuickDatabase, *events: Event) -> None:
    for event in events:
        console.do(partial(getattr(handlers, handler_name(type(event))), event))


def purge(console: QuickDatabase, name: str = "p") -> Any:
    return console.see(lambda session: session.get(Purge, name))


def boxes(console: QuickDatabase) -> dict[str, Any]:
    query = select(PurgeBox).order_by(col(PurgeBox.id))
    return {row.mailbox: row for row in console.see(lambda session: session.exec(query).all())}


def counted(console: QuickDatabase) -> dict[str, int]:
    counts = console.see(lambda session: standing(session, "purge"))
    return {word: n for word, n in counts.items() if n}


def known(console: QuickDatabase) -> Any:
    """Everything but moments, and which box was only planned once."""
    row = purge(console).model_dump(exclude={"at", "planned_at", "approved_at", "finished_at", "restores"})
    some = {
        name: box.model_dump(exclude={"at", "plan"}) for name, box in boxes(console).items() if box.found or box.result
    }
    return row, some, counted(console)


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        (1, "planning"), (2, "second"), (3, "second"), (4, "running"), (5, "running"), (6, "done"), (7, "restoring"), (8, "restored"),
    ],
)  # fmt: skip
def test_a_purge_stands_where_its_events_say(console: QuickDatabase, heard: int, status: str) -> None:
    hear(console, *STORY[:heard])
    assert purge(console).status == status
    assert counted(console) == {status: 1}


@pytest.mark.parametrize("seed", range(25))
def test_whatever_is_heard_first_the_same_is_known_in_the_end(
    console: QuickDatabase, tmp_path: Path, seed: int
) -> None:
    other = quick(tmp_path, "other", METADATA)
    hear(other, *STORY)
    shuffled = random.Random(seed).sample(STORY, len(STORY))
    hear(console, *shuffled)
    assert known(console) == known(other)
    other.leave()


def test_a_purge_tells_who_asked_who_approved_and_what_became_of_each_mailbox(console: QuickDatabase) -> None:
    hear(console, *STORY)
    row = purge(console)
    assert (row.by, row.approved_by, row.reason, row.folder) == ("eve", "mallory", "a kit", "Quarantine")
    assert (row.hit_count, row.message_count, row.moved_count, row.restored_count) == (2, 2, 1, 1)
    assert [(one["by"], one["reason"], bool(one["finished_at"])) for one in row.restores] == [
        ("eve", "A real invoice", True)
    ]
    results = {name: (box.result, box.moved, box.gone, box.folders) for name, box in boxes(console).items()}
    assert results[ANA] == ("success", 1, 0, ["INBOX"])
    assert results[BEN] == ("gone", 0, 1, [])


def test_a_mailbox_waits_until_what_it_waits_for_is_over(console: QuickDatabase) -> None:
    hear(console, *STORY[:5])
    assert (boxes(console)[BEN].late, boxes(console)[BEN].late_reason) == ("purge", "it does not answer")
    hear(console, FINISHED)
    assert boxes(console)[BEN].late == ""
    hear(console, WANTED, PurgeDelayed(purge_id="p", mailbox=ANA, task="restore", plan=2, restore_id="r"))
    assert boxes(console)[ANA].late == "restore"
    hear(console, BACK)
    assert boxes(console)[ANA].late == ""


def test_a_part_that_is_back_is_told_as_a_part_and_a_second_time_counts_no_mail_twice(console: QuickDatabase) -> None:
    both = FINISHED.model_copy(
        update={"mailboxes": tuple(PurgedMailbox(mailbox=one, result="success", moved=(MAIL,)) for one in (ANA, BEN))}
    )
    hear(console, ASKED, PLANNED, APPROVED, both, WANTED, BACK)
    assert purge(console).status == "part_restored"
    hear(console, BACK.model_copy(update={"restore_id": "r2"}))
    assert (purge(console).status, purge(console).restored_count) == ("part_restored", 1)
    rest = (RestoredMailbox(mailbox=BEN, result="success", kept=1),)
    hear(console, BACK.model_copy(update={"restore_id": "r3", "mailboxes": rest}))
    assert purge(console).status == "restored"


def test_lines_of_a_purge_lead_to_it_and_stand_in_its_case(console: QuickDatabase) -> None:
    hear(console, *STORY)
    lines = console.see(lambda session: session.exec(select(Activity)).all())
    assert {(line.purge_id, line.case_id) for line in lines} == {("p", "case-0")}
    assert [line.line for line in lines if line.kind == "purge.delayed"] == [
        "A mailbox of a purge does not answer: it is tried again"
    ]


def test_who_is_forgotten_is_in_no_purge(console: QuickDatabase) -> None:
    hear(console, *STORY)
    for address in (ANA, "fee@parcel.example"):
        erased = ErasureRequested(erasure_id=address, address=address, requested_at=now())
        console.do(partial(on_erasure_requested, erased))
    row = purge(console)
    assert (row.mailboxes, row.match, row.from_address, row.subject) == ([BEN, CLEO], {}, "", "")
    assert ANA not in boxes(console)
    assert BEN in boxes(console)


def test_a_purge_of_one_who_is_forgotten_cannot_be_planned_again_in_all_mailboxes(console: QuickDatabase) -> None:
    hear(console, ASKED.model_copy(update={"mailboxes": (ANA,)}))
    erased = ErasureRequested(erasure_id="e", address=ANA, requested_at=now())
    console.do(lambda work: on_erasure_requested(erased, work))
    assert (purge(console).mailboxes, purge(console).match) == ([], {})


def test_old_purges_go_with_their_mailboxes(console: QuickDatabase) -> None:
    hear(console, *STORY)
    console.do(lambda work: forget(now(), work))
    assert purge(console) is None
    assert boxes(console) == {}
    assert counted(console) == {}

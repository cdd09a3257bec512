"""What the console says of people: who was told what by mail, and how far a case has spread."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from services.console.forget import on_erasure_requested
from services.console.handlers import on_case_spread, on_notification_sent
from services.console.tables import METADATA, Activity, Case, Notification
from shared.events import CaseSpread, ErasureRequested, NotificationSent
from shared.work import now
from tests.databases import QuickDatabase, quick


@pytest.fixture
def console(tmp_path: Path) -> Iterator[QuickDatabase]:
    made = quick(tmp_path, "console", METADATA)
    yield made
    made.leave()


def notification(kind: Any, recipient: str = "Ana@example.org", **more: Any) -> NotificationSent:
    return NotificationSent(
        notification_id=f"{kind}{recipient}{more}", kind=kind, recipient=recipient, message_id="m@longstop", **more
    )


def lines(console: QuickDatabase) -> list[str]:
    query = select(Activity.line).order_by("id")
    return list(console.see(lambda session: session.exec(query).all()))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (notification("answer", category="phishing", case_id="c"), "Ana@example.org was told by mail: phishing"),
        (notification("answer", case_id="c"), "Ana@example.org was told by mail: the report has arrived"),
        (notification("digest", item_count=1), "A digest of 1 mail left for Ana@example.org"),
        (notification("digest", item_count=3), "A digest of 3 mails left for Ana@example.org"),
        (notification("decision"), "Ana@example.org was told by mail: an operator has decided about a held mail"),
        (notification("purge"), "Ana@example.org was told by mail: a mail was taken out of the mailbox"),
    ],
)
def test_a_line_says_who_was_told_what(console: QuickDatabase, event: NotificationSent, line: str) -> None:
    console.do(lambda work: on_notification_sent(event, work))
    assert lines(console) == [line]


def test_an_answer_stands_in_the_timeline_of_its_case(console: QuickDatabase) -> None:
    console.do(lambda work: on_notification_sent(notification("answer", category="spam", case_id="c"), work))
    row = console.see(lambda session: session.exec(select(Activity)).one())
    assert (row.case_id, row.word) == ("c", "spam")


def test_lines_that_name_a_person_go_with_them_and_no_others(console: QuickDatabase) -> None:
    told = (
        notification("answer", case_id="c"),
        notification("digest", item_count=2),
        notification("digest", "ben@example.org"),
    )
    for event in told:
        console.do(partial(on_notification_sent, event))
    erasure = ErasureRequested(erasure_id="e", address="ana@example.org", requested_at=now())
    console.do(lambda work: on_erasure_requested(erasure, work))
    assert lines(console) == ["A digest of 0 mails left for ben@example.org", "A person's mails were erased"]
    assert console.see(lambda session: session.exec(select(Notification.recipient)).all()) == ["ben@example.org"]


def test_the_largest_number_of_people_stands_whatever_comes_last(console: QuickDatabase) -> None:
    for recipients, spared in ((2, 1), (40, 38), (10, 9)):
        event = CaseSpread(case_id="c", recipient_count=recipients, spared_count=spared)
        console.do(partial(on_case_spread, event))
    case = console.see(lambda session: session.get(Case, "c"))
    assert (case.recipient_count, case.spared_count) == (40, 38)
    assert lines(console)[1] == "Sent to 40 people; 38 of them were spared it"

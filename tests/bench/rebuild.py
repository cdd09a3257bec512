"""How fast the console's read model is built again from events."""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.console import handlers
from services.console.__main__ import handler_name
from services.console.handlers.foresight import foresee
from services.console.tables import METADATA
from shared.bus import Delivery
from shared.bus.batch import Batch
from shared.bus.fuse import Fuse
from shared.events import (
    CaseJoined,
    CaseOpened,
    CaseTriaged,
    Event,
    Evidence,
    MessageFacts,
    ReportReceived,
    ReportResolved,
    SubmissionRequested,
    VerdictIssued,
    fact_id,
)
from shared.events.base import Envelope
from shared.events.message import Envelope as Smtp
from shared.health import Health
from shared.work import Database, Work

WORDS = [
    "invoice",
    "parcel",
    "account",
    "payment",
    "order",
    "meeting",
    "statement",
    "voice",
    "mail",
    "document",
    "renewal",
    "salary",
    "tax",
    "bonus",
    "delivery",
]
EVIDENCE = tuple(
    Evidence(signal=f"signal{n}", text="It presses for time or threatens.", where="text", weight=1) for n in range(6)
)


def reports(many: int, cases: int, seed: int = 7) -> Iterator[tuple[Event, ...]]:
    """What is said of each report."""
    chance, start = random.Random(seed), datetime(2026, 6, 1, tzinfo=UTC)
    opened: dict[str, int] = {}
    for number in range(many):
        report_id = fact_id("report", number)
        case = int(chance.random() ** 2 * cases) if chance.random() < 0.5 else number
        case_id, host = fact_id("case", case), f"host{case}.example"
        subject = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {case}"
        message = MessageFacts(
            sha256=f"{case:064x}", size_bytes=9_000, subject=subject, from_address=f"a{case}@{host}", from_domain=host,
            from_name=chance.choice(WORDS), message_id=f"{number}@{host}", urls=(f"http://{host}/{number}", f"http://cdn.{host}/x"),
        )  # fmt: skip
        at = start + timedelta(seconds=number * 10)
        person = f"user{int(chance.random() ** 2 * 5_000)}@example.org"
        yield _told(report_id, case_id, message, person=person, at=at, opened=opened)


def _told(
    report_id: str, case_id: str, message: MessageFacts, *, person: str, at: datetime, opened: dict[str, int]
) -> tuple[Event, ...]:
    received = ReportReceived(
        report_id=report_id, category="phishing", reporter=person, source="smtp", message=message, received_at=at,
        envelope=Smtp(mail_from=message.from_address, rcpt_to=(person,)),
    )  # fmt: skip
    resolved = ReportResolved(
        report_id=report_id, case_id=case_id, category="phishing", confidence=0.9, version=1, inherited=False
    )
    opened[case_id] = opened.get(case_id, 0) + 1
    if opened[case_id] > 1:
        return (
            received,
            CaseJoined(case_id=case_id, report_id=report_id, report_count=opened[case_id], matched="text"),
            resolved,
        )
    return (
        received,
        CaseOpened(case_id=case_id, report_id=report_id, category="phishing", subject=message.subject, from_address=message.from_address),
        CaseTriaged(case_id=case_id, report_id=report_id, decision="submit", priority="normal", reasons=("Reported as phishing.",)),
        SubmissionRequested(request_id=report_id, case_id=case_id, message_sha256=message.sha256, category="phishing"),
        VerdictIssued(
            submission_id=report_id, case_id=case_id, message_sha256=message.sha256, version=1, category="phishing",
            confidence=0.9, cause="filter_missed", evidence=EVIDENCE,
        ),
        resolved,
    )  # fmt: skip


async def rebuild(url: str, many: int) -> tuple[int, float, float]:
    """Events, seconds and seconds of processor, the way `longstop replay` hands them over: 500 of a stream in a transaction."""
    database = Database(url, "console", METADATA)
    await database.create()
    streams: dict[type[Event], list[Event]] = {}
    total, spent, worked = 0, 0.0, 0.0

    async def settle(kind: type[Event], events: Sequence[Event]) -> None:
        nonlocal total, spent, worked
        handle: Any = getattr(handlers, handler_name(kind))
        batch = Batch(kind.STREAM, "console", handle, foresee, 1, Fuse("console", kind.STREAM, 1, Health()))
        items = [
            Delivery(Envelope(event_id=event.event_id(), source="bench", stream=kind.STREAM, entry_id=f"0-{n}"), event, {})
            for n, event in enumerate(events)
        ]  # fmt: skip

        def write(work: Work) -> int:
            return len(batch.settle(items, work).handled)

        began, before = time.perf_counter(), time.process_time()
        assert await database.run(write) == len(events)
        spent += time.perf_counter() - began
        worked += time.process_time() - before
        total += len(events)

    for told in reports(many, many // 3):
        for event in told:
            waiting = streams.setdefault(type(event), [])
            waiting.append(event)
            if len(waiting) == 500:
                await settle(type(event), waiting)
                waiting.clear()
    for kind, waiting in streams.items():
        if waiting:
            await settle(kind, waiting)
    await database.close()
    return total, spent, worked

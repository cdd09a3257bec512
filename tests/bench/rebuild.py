"""How fast the console's read model is built again from events."""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import MetaData

from longstop.replay import Replay
from longstop.services import service, services
from longstop.stored import Span
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
from shared.events.message import Envelope
from shared.interpreter import spare_collector
from shared.work import Database, Work, chunks

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
#: Who says what; triage says the rest.
WRITERS: dict[type[Event], str] = {ReportReceived: "ingest", VerdictIssued: "submission"}

EVIDENCE = tuple(
    Evidence(signal=f"signal{n}", text="It presses for time or threatens.", where="text", weight=1) for n in range(6)
)


def reports(many: int, cases: int, seed: int = 7) -> Iterator[tuple[ReportReceived, *tuple[Event, ...]]]:
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
) -> tuple[ReportReceived, *tuple[Event, ...]]:
    received = ReportReceived(
        report_id=report_id, category="phishing", reporter=person, source="smtp", message=message, received_at=at,
        envelope=Envelope(mail_from=message.from_address, rcpt_to=(person,)),
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


async def rebuild(folder: Path, many: int) -> tuple[int, float, float]:
    """Events, seconds and seconds of processor of `longstop replay --service console`, from the outboxes of who said them."""
    chosen = service("console")
    settings = chosen.settings(data_dir=folder, redis_url="")
    said: dict[str, list[tuple[datetime, Event]]] = {}
    for told in reports(many, many // 3):
        for number, event in enumerate(told):
            at = told[0].received_at + timedelta(milliseconds=200 * number)
            said.setdefault(WRITERS.get(type(event), "triage"), []).append((at, event))
    for name, events in said.items():
        database = Database(settings.database_url_of(name), name, MetaData())
        await database.create()
        for some in chunks(events, 5_000):
            await database.run(partial(_say, some))
        await database.close()
    target = Database(f"sqlite:///{folder / 'rebuilt.db'}", "console", chosen.tables)
    replay = Replay(chosen, settings, target)
    assert services()  # what the command imports once, however much it reads
    spare_collector()
    span = Span(datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=3_650))
    began, before = time.perf_counter(), time.process_time()
    tally = await replay.run(span)
    spent, worked = time.perf_counter() - began, time.process_time() - before
    await target.close()
    assert tally.handled == sum(map(len, said.values())), tally
    return tally.handled, spent, worked


def _say(events: Sequence[tuple[datetime, Event]], work: Work) -> None:
    for at, event in events:
        work.at = at
        work.emit(event)

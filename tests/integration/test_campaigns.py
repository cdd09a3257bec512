"""Campaigns become cases: copies that differ in text, links and senders find each other, and different campaigns do not."""

import statistics
import time
from collections import Counter
from pathlib import Path

from sqlmodel import select

from services.triage.handlers import Reports
from services.triage.rulebook import Rulebook
from services.triage.tables import METADATA, Report
from shared.events import ReportReceived, fact_id
from shared.mail import facts, read_mail
from shared.work import Database, Work, now
from tests.campaigns import campaigns, reports

BATCH = 200

REPORTS = Reports(Rulebook())


def received(number: int, raw: bytes) -> ReportReceived:
    return ReportReceived(
        report_id=fact_id("test", number),
        category="phishing",
        reporter=f"person{number % 500}@example.org",
        reporter_verified=True,
        source="http",
        message=facts(read_mail(raw)),
        received_at=now(),
    )


async def triaged(events: list[ReportReceived], folder: Path) -> tuple[dict[str, str], list[float]]:
    """The case of each report, and the seconds that each batch took."""
    database = Database(f"sqlite:///{folder}/triage.db", "triage", METADATA)
    await database.create()
    took = []
    for some in (events[at : at + BATCH] for at in range(0, len(events), BATCH)):

        def handle(work: Work, some: list[ReportReceived] = some) -> None:
            REPORTS.foresee(some, work)
            for event in some:
                REPORTS.on_report_received(event, work)

        begun = time.perf_counter()
        await database.run(handle)
        took.append(time.perf_counter() - begun)
    rows = await database.look(lambda session: session.exec(select(Report.report_id, Report.case_id)).all())
    await database.close()
    return dict(rows), took


def pairs(counts: Counter[object]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def agreement(truth: list[object], found: list[object]) -> tuple[float, float]:
    """Pairwise precision and recall: of pairs in one case those of one campaign, and the other way round."""
    both = pairs(Counter(zip(truth, found, strict=True)))
    return both / pairs(Counter(found)), both / pairs(Counter(truth))


async def test_reports_of_many_campaigns_find_their_cases(tmp_path: Path) -> None:
    made = reports(2_000, campaigns(60))
    events = [received(number, raw) for number, (_, raw) in enumerate(made)]
    cases, took = await triaged(events, tmp_path)
    precision, recall = agreement([one for one, _ in made], [cases[event.report_id] for event in events])
    assert precision >= 0.95
    assert recall >= 0.90
    early, late = statistics.median(took[1:4]), statistics.median(took[-3:])
    assert late < 3 * early, "joining slows down with what there is"

"""The console's read model, rebuilt from events of months in a few transactions, is what it was when each had one of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from longstop import replay
from longstop.compare import compare
from longstop.services import service
from longstop.stored import Span
from shared.events import CaseDecided, CaseEdited, ErasureRequested, Event, ReportReceived, ReportResolved, Split
from shared.work import Database, Work
from tests.operators_room import campaign, entries, held, message, verdict

START = datetime(2026, 1, 31, tzinfo=UTC)
SPAN = Span(START, START + timedelta(days=300))

CONSOLE = service("console")


def told(report: str, case: str, category: str = "phishing", version: int = 1) -> ReportResolved:
    return ReportResolved.model_validate(
        {
            "report_id": report,
            "case_id": case,
            "category": category,
            "confidence": 0.9,
            "version": version,
            "inherited": False,
        }
    )


#: What is hard to take together: rows that statements move or delete while other events of the transaction are about them.
LIFE: list[Event] = [
    *campaign(0, 3), *campaign(1, 2), *campaign(2, 2), *verdict(0), *verdict(2), *held(0), *held(1), *entries(),
    told("report-1-1", "case-1"),
    CaseEdited(edit_id="merge", case_id="case-2", by="ana", merged_into="case-0"),
    told("report-2-0", "case-0"), told("report-2-1", "case-2"),
    CaseEdited(
        edit_id="split", case_id="case-0", by="ana",
        split=Split(reports=("report-2-1",), category="phishing", subject="x", from_address="x@y.example"),
    ),
    told("report-2-0", "case-0", "clean", 2),
    CaseDecided(decision_id="d", case_id="case-1", category="spam", by="ana"),
    ErasureRequested(erasure_id="e", address="user1@example.org", requested_at=START),
    ReportReceived(
        report_id="after", category="phishing", reporter="user1@example.org", source="smtp", message=message(1), received_at=START
    ),
    told("after", "case-1"),
]  # fmt: skip


async def said(folder: Path, events: Sequence[Event]) -> Database:
    """An outbox that tells of one event a day."""
    outbox = Database(CONSOLE.settings(data_dir=folder).database_url_of("triage"), "triage", MetaData())
    await outbox.create()

    def say(work: Work) -> None:
        for number, event in enumerate(events):
            work.at = START + timedelta(days=number)
            work.emit(event)

    await outbox.run(say)
    return outbox


async def rebuilt(folder: Path, name: str) -> tuple[Database, replay.Tally]:
    target = Database(f"sqlite:///{folder / name}.db", "console", CONSOLE.tables)
    settings = CONSOLE.settings(data_dir=folder, redis_url="")
    return target, await replay.Replay(CONSOLE, settings, target).run(SPAN)


async def test_a_rebuild_takes_months_together_and_comes_to_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await said(tmp_path, LIFE)).close()
    together, tally = await rebuilt(tmp_path, "together")
    monkeypatch.setattr(replay, "WINDOW_MAX", 1)
    alone, one_by_one = await rebuilt(tmp_path, "alone")
    assert (tally.handled, tally.dead, tally.waiting) == (len(LIFE), 0, 0)
    assert one_by_one == tally
    tables = await compare(alone, together, CONSOLE.tables)
    assert [table for table in tables if table.different or table.only_old or table.only_new] == []
    assert {table.table for table in tables if table.same} >= {"console_report", "console_case", "console_count"}
    await together.close()
    await alone.close()


async def test_what_cannot_be_read_is_told_with_its_stream_and_holds_nothing_up(tmp_path: Path) -> None:
    outbox = await said(tmp_path, LIFE[:3])
    await outbox.run(_post)
    await outbox.close()
    target, tally = await rebuilt(tmp_path, "target")
    (letter,) = await target.look(lambda session: session.execute(target.outbox.select()).all())
    assert (tally.handled, tally.dead) == (3, 1)
    assert "report.received.v1" in letter.fields
    await target.close()


def _post(work: Work) -> None:
    work.at = START
    work.post("report.received.v1", {"id": "bad", "source": "x", "data": "{"})

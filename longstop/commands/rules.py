"""`longstop rules`: check a rules file, and try it on the reports that were taken."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.stored import Span, open_outbox, outbox_events
from longstop.where import data_dir
from services.triage.handlers.deciding import facts_of
from services.triage.rulebook import Rulebook
from services.triage.rules.reputation import Reputation
from services.triage.settings import TriageSettings
from services.triage.tables import Case
from shared.errors import LongstopError
from shared.events import CaseJoined, CaseOpened, ReportReceived
from shared.plural import counted
from shared.settings import Settings

app = typer.Typer(help="The rules that decide about cases.", no_args_is_help=True)

File = Annotated[
    Path | None, typer.Argument(help="A rules file; LONGSTOP_RULES_FILE, or the rules that ship, when left out.")
]

COLUMNS = ("report", "from", "subject", "now", "then", "by")


@app.command()
def check(file: File = None) -> None:
    """Read a rules file and tell every fault with its line."""
    book = Rulebook(file or TriageSettings().rules_file)
    show.say(f"{counted(len(book.policy.rules), 'rule')}, nothing to complain about")


@app.command("test")
def try_out(
    file: File = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="Reports of so many days.")] = 30,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Try a rules file on the reports that were taken. Which would be decided otherwise? Nothing is changed."""
    settings = Settings(data_dir=data_dir(data))
    now_book, then_book = Rulebook(TriageSettings().rules_file), Rulebook(file or TriageSettings().rules_file)
    fired: Counter[str] = Counter()
    total, rows = 0, []

    async def run() -> None:
        nonlocal total
        async for event, case in _reports(settings, days):
            facts = facts_of(event, case, Reputation())
            now, then = now_book.policy.decide(facts), then_book.policy.decide(facts)
            total += 1
            fired.update(then.rules)
            if (now.decision, now.priority, now.tags, now.blocks) != (
                then.decision,
                then.priority,
                then.tags,
                then.blocks,
            ):
                rows.append((event, now, then))

    asyncio.run(run())
    if as_json:
        for event, now, then in rows:
            was, would = ({"decision": one.decision, "priority": one.priority, "tags": one.tags} for one in (now, then))
            show.json_line({"report_id": event.report_id, "now": was, "then": would, "rules": then.rules})
    else:
        lines = [
            (
                event.report_id[:8],
                event.message.from_address,
                event.message.subject,
                f"{now.decision}, {now.priority}",
                f"{then.decision}, {then.priority}",
                ", ".join(then.rules),
            )
            for event, now, then in rows
        ]
        show.out.print(show.table("", COLUMNS, lines))
    show.say(
        f"{len(rows)} of {counted(total, 'report')} would be decided otherwise; true: {dict(fired.most_common()) or 'no rule'}"
    )


async def _reports(settings: Settings, days: int) -> AsyncIterator[tuple[ReportReceived, Case]]:
    """Reports as they were taken, with their cases as far as they were known then."""
    until = datetime.now(UTC)
    span = Span(until - timedelta(days=days), until)
    triage, ingest = await open_outbox(settings, "triage"), await open_outbox(settings, "ingest")
    if isinstance(triage, str) or isinstance(ingest, str):
        raise LongstopError(f"no stored reports: {triage if isinstance(triage, str) else ingest}")
    try:
        counts: dict[str, tuple[str, int]] = {}
        async for stored in outbox_events(triage, (CaseOpened.STREAM, CaseJoined.STREAM), span):
            kind = CaseOpened if stored.stream == CaseOpened.STREAM else CaseJoined
            told = kind.model_validate_json(stored.fields[b"data"])
            counts[told.report_id] = told.case_id, told.report_count
        async for stored in outbox_events(ingest, (ReportReceived.STREAM,), span):
            event = ReportReceived.model_validate_json(stored.fields[b"data"])
            case_id, count = counts.get(event.report_id, ("", 1))
            yield event, Case(case_id=case_id, opened_at=stored.at, report_count=count, reporter_count=count)
    finally:
        await triage.close()
        await ingest.close()

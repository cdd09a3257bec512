"""What services said is published again after a restore: all of it since a time, once for each reader that lacks it."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from longstop.commands.republish import republish
from longstop.services import NAMES, service
from shared.events import CaseJoined
from shared.keeper.ledger import Ledger
from shared.work import Database, Work, now


async def filled(url: str) -> Database:
    """A database of triage with events that every reader has, of yesterday and of now, and a dead letter."""
    made = Database(url, "triage", service("triage").tables)
    await made.create()

    def say(work: Work) -> None:
        for report in "abc":
            work.emit(CaseJoined(case_id="c", report_id=report, report_count=2))
        work.post("dead.v1", {"id": "d"})

    await made.run(say)
    outbox = made.outbox
    yesterday = update(outbox).where(outbox.c.seq == 1).values(created_at=now() - timedelta(days=1))

    def settle(work: Work) -> None:
        work.session.execute(update(outbox).values(entry_id="1-1", confirmed=True))
        work.session.execute(yesterday)

    await made.run(settle)
    return made


async def unsent(database: Database) -> int:
    outbox = database.outbox.c
    query = select(func.count()).where(outbox.entry_id.is_(None), outbox.confirmed.is_(False))
    return await database.look(lambda session: session.scalar(query) or 0)


async def test_what_was_said_since_a_time_is_sent_again_but_for_dead_letters(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.keeper.ledger.FORGET_STEP", 2)
    database = await filled(database_url.replace("{service}", "triage"))
    ledger = Ledger(database)
    assert await ledger.send_since(datetime.now(UTC) + timedelta(hours=1)) == 0
    assert await ledger.send_since(datetime.now(UTC) - timedelta(hours=1)) == 2
    assert await unsent(database) == 2
    assert await ledger.send_since(datetime.now(UTC) - timedelta(days=2)) == 1, (
        "what waits already is not counted twice"
    )
    assert await unsent(database) == 3
    await database.close()


def test_the_command_asks_every_service(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{data_dir}/db/triage.db"
    asyncio.run(_close(filled(url)))
    republish("2h", data=data_dir, as_json=True)
    told = {line["service"]: line["events"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert told == dict.fromkeys(NAMES, 0) | {"triage": 2}


async def _close(opening: Awaitable[Database]) -> None:
    await (await opening).close()

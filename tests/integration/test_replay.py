"""`longstop replay`: a service reads its stored events again and comes to the same rows, and nothing leaves it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from longstop.__main__ import command_line
from longstop.services import NAMES
from shared.events import (
    BlockCreated,
    BlockRemoved,
    NotificationSent,
    QuarantineHeld,
    ReleaseDecided,
    ReportReceived,
    ReportResolved,
)
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until

#: What the second time may differ in beside moments (all columns that end in "at"): what is known of this run alone.
OF_THIS_RUN = {"applied", "generation", "runs", "taken_by"}

#: Tables whose rows are numbered as they come, and those that no event tells of, or that count how long things took.
NUMBERED, ELSEWHERE = {"console_activity", "console_report_text", "console_held_text"}, {"ingest_key", "console_count"}


@pytest.fixture
async def lived(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A house in which everything has happened once, and its settings as a command line finds them."""
    async with house(
        NAMES, redis_url, prefix, data_dir, database_url=database_url, digest_every_s=1, auto_block="confident"
    ) as made:
        await live(made)
        for name in ("redis_url", "stream_prefix", "data_dir", "database_url", "own_domains", "auto_block"):
            value = made.overrides[name]
            monkeypatch.setenv(f"LONGSTOP_{name.upper()}", ",".join(value) if isinstance(value, tuple) else str(value))
        yield made


async def live(made: House) -> None:
    async with made.http("ingest") as http:
        for number in range(12):
            text = f"Dear customer, pay the fee within 24 hours: http://parcel-fee{number % 4}.example/pay"
            raw = mail(sender=f"DHL Express <fee@parcel-fee{number % 4}.example>", body=text, message_id=f"{number}@x")
            reporter = {"reporter": "ana@example.org"} if number == 5 else {}
            answer = await http.post(
                "/v1/reports", params=reporter, content=raw, headers={"Content-Type": "message/rfc822"}
            )
            assert answer.status_code == 202
        for name in ("ana", "bob"):
            answer = await http.post(
                "/v1/quarantine",
                content=mail(subject=f"to {name}"),
                headers={
                    "Content-Type": "message/rfc822",
                    "X-Rspamd-From": "spam@lucky.example",
                    "X-Rspamd-Rcpt": f"{name}@example.org",
                    "X-Rspamd-Action": "quarantine",
                },
            )
            assert answer.status_code < 300, answer.text
    async with made.http("blocklist") as http:
        for value in ("lasting@bad.example", "passing@bad.example"):
            answer = await http.post("/v1/blocks", json={"kind": "address", "value": value, "action": "block"})
            assert answer.status_code == 201, answer.text
        assert (await http.delete(f"/v1/blocks/{answer.json()['block_id']}")).status_code < 300

    async def all_is_said() -> bool:
        counts = [len(await made.said(kind)) for kind in (ReportResolved, NotificationSent, BlockRemoved)]
        counts.append(len(await made.said(BlockCreated)))
        return counts[:3] == [12, 3, 1] and counts[3] > 2

    await until(all_is_said)
    (first, _) = await made.said(QuarantineHeld)
    held_id, recipient = first["held_id"], first["envelope"]["rcpt_to"][0]
    await made.publish(ReleaseDecided(held_id=held_id, recipient=recipient, decision="denied", by="operator"))

    async def is_denied() -> bool:
        async with made.http("digest") as http:
            answer = await http.get("/v1/quarantine", params={"status": "denied"})
            return answer.status_code == 200 and len(answer.json()["quarantine"]) == 1

    await until(is_denied)
    await until(made.is_quiet)


async def replay(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, command_line("replay"), ["replay", *words])


async def outside(made: House) -> dict[str, Any]:
    """Everything of it that others see."""
    streams = {name: await made.redis.xlen(name) for name in await made.redis.keys(f"{made.prefix}:*.v1")}
    gateway = await made.redis.hgetall(f"{made.prefix}:gateway")
    return {"streams": streams, "gateway": gateway, "mails": sorted((made.data_dir / "outbox").iterdir())}


@pytest.mark.timeout(120)
async def test_every_service_comes_to_the_same_rows_and_says_nothing(lived: House) -> None:
    before = await outside(lived)
    for name in NAMES:
        done = await replay("--service", name, "--since", "0", "--compare", "--json")
        assert done.exit_code == 0, (name, done.output, done.exception)
        told = json.loads(done.stdout)
        assert told["handled"] > 0, name
        for table in told["tables"]:
            if table["table"] in ELSEWHERE:
                continue
            assert (table["only_old"], table["only_new"]) == (0, 0), (name, table)
            differing = {column for column in table["columns"] if not re.search(r"(^|_)at$", column)}
            assert table["table"] in NUMBERED or differing <= OF_THIS_RUN, (name, table)
    assert await outside(lived) == before


async def test_what_is_said_in_a_replay_counts_as_published(lived: House, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/again.db"
    done = await replay("--service", "triage", "--since", "1h", "--into", target, "--json")
    assert (done.exit_code, json.loads(done.stdout)["dead"]) == (0, 0)
    before = await lived.redis.xlen(f"{lived.prefix}:{ReportResolved.STREAM}")
    lived_again = House(("triage",), lived.overrides["redis_url"], lived.prefix, tmp_path / "d", database_url=target)
    await lived_again.start()
    await asyncio.sleep(1)
    await lived_again.stop()
    assert await lived.redis.xlen(f"{lived.prefix}:{ReportResolved.STREAM}") == before
    again = await replay("--service", "triage", "--since", "1h", "--into", target)
    assert again.exit_code != 0
    assert "is there already" in str(again.exception)


async def test_without_redis_the_databases_are_enough(lived: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_REDIS_URL", "redis://127.0.0.1:1")
    done = await replay("--service", "triage", "--since", "0", "--json")
    assert json.loads(done.stdout)["handled"] == len(await lived.said(ReportReceived)) + 4 + 3 + 2 + len(
        await lived.said(BlockCreated)
    )  # verdicts, mails that left, held mails, entries
    assert "databases alone" in done.stderr


@pytest.mark.usefixtures("lived")
async def test_a_span_leaves_out_what_is_older() -> None:
    done = await replay("--service", "triage", "--since", "0", "--until", "2020-01-01T00:00:00Z", "--json")
    assert json.loads(done.stdout)["handled"] == 0
    wrong = await replay("--service", "nobody", "--since", "0")
    assert wrong.exit_code == 2

"""Dead letters as a tool: looked at, repaired, replayed once, dropped; by the command line as an operator types it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from longstop.__main__ import command_line
from longstop.where import Endpoints
from shared.bus import Unreadable, dead_letter
from shared.bus.letters import Letters
from shared.bus.pages import PAGE_FIRST
from shared.entry_ids import START
from shared.events import ReportResolved
from shared.keeper.positions import read_state
from shared.work import Work, now
from tests.probe import House, probe, reading, see
from tests.waiting import until

EVENT = ReportResolved(report_id="r1", case_id="c", category="spam", confidence=0.5, version=1, inherited=False)


class Desk:
    """An operator's command line at one Longstop."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.dead_stream = house.stream("dead.v1")

    async def type(self, *words: str, stdin: str | None = None) -> Result:
        words = ("dead", *words, "--data-dir", str(self.house.settings.data_dir))
        return await asyncio.to_thread(CliRunner().invoke, command_line("dead"), words, input=stdin)

    async def listed(self, *words: str) -> list[dict[str, Any]]:
        shown = await self.type("list", "--json", *words)
        assert shown.exit_code == 0, shown.exception
        return [json.loads(line) for line in shown.stdout.splitlines()]

    async def letter(self, entry: dict[Any, Any], entry_id: str = "5-0", **changed: str) -> str:
        """Put a letter there as a reader would; its id."""
        raw = {
            str(name).encode(): value if isinstance(value, bytes) else value.encode() for name, value in entry.items()
        }
        lost = Unreadable(entry_id, raw, changed.pop("reason", "some reason"))
        letter = dead_letter(lost, stream=self.house.stream(), group=changed.pop("group", "probe"), at=now())
        await self.house.redis.xadd(self.dead_stream, {**letter, **changed})
        return letter["id"]

    async def entries(self) -> list[dict[bytes, bytes]]:
        return [fields for _, fields in await self.house.redis.xrange(self.house.stream())]

    async def left(self) -> int:
        return int(await self.house.redis.xlen(self.dead_stream))


@pytest.fixture
async def desk(redis: Redis, redis_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[Desk]:
    settings = {"redis_url": redis_url, "stream_prefix": prefix, "data_dir": tmp_path}
    Endpoints(redis_url=redis_url, stream_prefix=prefix).save(tmp_path)
    async with probe(redis, **settings) as house:
        yield Desk(house)


def fine(event: ReportResolved, work: Work) -> None:
    """Another reader, which has no trouble with what the first one fails at."""
    see(event.model_copy(update={"report_id": "fine"}), work)


@asynccontextmanager
async def another_reader(house: House, folder: Path) -> AsyncIterator[House]:
    settings = house.settings.model_dump() | {"data_dir": folder}
    async with probe(house.redis, **settings) as other:
        other.database.service = "other"
        other.on = fine
        yield other


async def test_a_repaired_entry_is_seen_by_the_reader_that_failed_and_by_no_other(desk: Desk, tmp_path: Path) -> None:
    async with another_reader(desk.house, tmp_path / "other") as other, reading(desk.house), reading(other):
        await desk.house.publish("bug-1")
        await until(desk.house.dead)
        await until(other.seen)
        (letter,) = await desk.listed()
        done = await desk.type("replay", letter["id"][:8], "--set", 'data.report_id="mended"')
        assert done.exit_code == 0, done.exception

        async def seen() -> bool:
            return await desk.house.seen() == ["mended"]

        await until(seen)

        async def acknowledged() -> bool:
            return int((await desk.house.redis.xpending(desk.house.stream(), "other"))["pending"]) == 0

        await until(acknowledged)
        assert await other.seen() == ["fine"]
        first, second = await desk.entries()
        assert {**second, b"data": first[b"data"]} == first
        assert await desk.left() == 0


async def test_replaying_twice_has_one_effect(desk: Desk) -> None:
    """The letter is there twice, as after a crash of the relay; and the entry had neither id nor source."""
    for _ in range(2):
        letter_id = await desk.letter({"data": EVENT.model_dump_json()})
    assert (await desk.type("replay", "--all")).exit_code == 0
    assert {(entry[b"id"], entry[b"source"]) for entry in await desk.entries()} == {
        (f"{desk.house.stream()}/5-0".encode(), b"anyone")
    }
    async with reading(desk.house):
        await until(desk.house.seen)

        async def acknowledged() -> bool:
            groups = await desk.house.redis.xinfo_groups(desk.house.stream())
            return bool(groups[0]["pending"] == 0 and groups[0]["lag"] == 0)

        await until(acknowledged)
        assert await desk.house.seen() == ["r1"]
    again = await desk.type("replay", letter_id)
    assert again.exit_code == 1
    assert "no dead letters start with" in str(again.exception)


async def test_every_byte_comes_back(desk: Desk) -> None:
    fields: dict[str, str | bytes] = {
        "data": b"\xff\x00\xfe",
        "odd": "\u00fc\n",
        "id": "i",
        "source": "s",
        "traceparent": "t",
        "time": "x",
    }
    await desk.letter(fields)
    await desk.type("replay", "--all")
    (entry,) = await desk.entries()
    assert entry == {
        name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in fields.items()
    }


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--set", "data.category=3"], "what was changed is no report.resolved.v1: category: Input should be"),
        (["--set", "data.nothing.there=3"], "there is no data.nothing.there"),
        (["--data", "{file}"], "what was changed is no report.resolved.v1: data: Invalid JSON"),
    ],
)
async def test_a_wrong_change_sends_nothing(desk: Desk, tmp_path: Path, words: list[str], reason: str) -> None:
    letter_id = await desk.letter({"data": EVENT.model_dump_json()})
    (tmp_path / "broken.json").write_text("{broken")
    done = await desk.type("replay", letter_id, *(word.format(file=tmp_path / "broken.json") for word in words))
    assert done.exit_code == 1
    assert str(done.exception).startswith(reason)
    assert (await desk.entries(), await desk.left()) == ([], 1)


async def test_the_data_is_replaced_from_stdin(desk: Desk) -> None:
    letter_id = await desk.letter({"data": "{broken", "id": "i", "source": "s"})
    done = await desk.type("replay", letter_id, "--data", "-", stdin=EVENT.model_dump_json())
    assert done.exit_code == 0, done.exception
    (entry,) = await desk.entries()
    assert (json.loads(entry[b"data"])["report_id"], entry[b"id"]) == ("r1", b"i")


async def test_the_data_is_edited(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/"spam"/"clean"/\' "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    letter_id = await desk.letter({"data": EVENT.model_dump_json()})
    done = await desk.type("replay", letter_id, "--edit")
    assert done.exit_code == 0, done.exception
    assert json.loads((await desk.entries())[0][b"data"])["category"] == "clean"
    letter_id = await desk.letter({"data": '{"category": "other"}'})
    unchanged = await desk.type("replay", letter_id, "--edit")
    assert unchanged.exit_code == 1
    assert "saved nothing new" in str(unchanged.exception)


async def test_what_cannot_go_back_is_counted_and_stays(desk: Desk) -> None:
    whole = {"data": EVENT.model_dump_json()}
    cut = json.dumps({"data": {"base64": "", "cut_from_bytes": 99}})
    cut_id = await desk.letter(whole, "1-0", fields=cut)
    foreign_id = await desk.letter(whole, "2-0", stream="elsewhere")
    await desk.letter(whole, "3-0", fields="[1]")
    await desk.letter(whole, "4-0", fields='{"data": {"base64": "%"}}')
    await desk.letter(whole)
    shown = await desk.type("replay", "--all")
    assert shown.exit_code == 0, shown.exception
    assert "1 replayed" in shown.stderr
    assert "1 left: it was too large to be kept whole" in shown.stderr
    assert "2 left: its fields are not what a reader of ours writes" in shown.stderr
    assert (len(await desk.entries()), await desk.left()) == (1, 4)
    for letter_id, reason in ((cut_id, "too large"), (foreign_id, "no stream of this Longstop")):
        alone = await desk.type("replay", letter_id)
        assert alone.exit_code == 1
        assert reason in str(alone.exception)


async def test_a_target_that_is_no_stream_costs_no_letter(desk: Desk) -> None:
    letter_id = await desk.letter({"data": EVENT.model_dump_json()})
    await desk.house.redis.set(desk.house.stream(), "x")
    assert (await desk.type("replay", letter_id)).exit_code == 1
    assert await desk.left() == 1


async def test_letters_are_found_by_stream_reader_reason_and_time(desk: Desk) -> None:
    whole = {"data": EVENT.model_dump_json()}
    for number in range(PAGE_FIRST + 5):
        await desk.letter(whole, f"{number}-1", group=("triage", "console")[number % 2], reason=f"Reason {number % 3}")
    assert len(await desk.listed()) == PAGE_FIRST + 5
    assert len(await desk.listed("--limit", "3")) == 3
    assert {one["group"] for one in await desk.listed("--group", "console")} == {"console"}
    assert {one["reason"] for one in await desk.listed("--reason", "reason 2")} == {"Reason 2"}
    assert len(await desk.listed("--stream", "report.resolved", "--since", "1h")) == PAGE_FIRST + 5
    assert await desk.listed("--stream", "verdict.issued") == []
    assert await desk.listed("--until", "1h") == []
    kinds = await desk.listed("--summary")
    assert sum(kind["letters"] for kind in kinds) == PAGE_FIRST + 5
    assert len(kinds) == 6
    assert (await desk.type("list", "--since", "whenever")).exit_code == 2


async def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    for entry_id in ("1-0", "2-0"):
        await desk.letter({"data": EVENT.model_dump_json()}, entry_id)
    for words in (["replay", "--all"], ["drop", "--group", "probe"]):
        shown = await desk.type(*words, "--dry-run")
        assert shown.exit_code == 0
        assert "2 would be" in shown.stderr
        assert len(shown.stdout.splitlines()) == 2
    assert (await desk.entries(), await desk.left()) == ([], 2)


async def test_dropping_many_wants_a_yes(desk: Desk) -> None:
    for entry_id in ("1-0", "2-0", "3-0"):
        letter_id = await desk.letter({"data": "{}"}, entry_id)
    assert (await desk.type("drop", "--all")).exit_code == 2
    assert (await desk.type("drop")).exit_code == 2
    assert (await desk.type("replay", letter_id, "--all")).exit_code == 2
    assert await desk.left() == 3
    assert (await desk.type("drop", letter_id)).exit_code == 0
    assert (await desk.type("drop", "--stream", desk.house.stream(), "--yes")).exit_code == 0
    assert await desk.left() == 0


async def test_what_is_shown_obeys_no_letter(desk: Desk) -> None:
    letter_id = await desk.letter(
        {"data": json.dumps({"subject": "\x1b[2J\u202e"}), "\x1b[31m": "x"}, reason="\x1b]0;x\x07"
    )
    for words in (["show", letter_id], ["list"], ["list", "--summary"], ["replay", letter_id, "--dry-run"]):
        shown = await desk.type(*words)
        assert shown.exit_code == 0, shown.exception
        assert "\x1b[2J" not in shown.output
        assert "\x1b[31m" not in shown.output
        assert "\x1b]" not in shown.output
        assert "\u202e" not in shown.output
    told = json.loads((await desk.type("show", letter_id, "--json")).stdout)
    assert json.loads(told["fields"]["data"])["subject"] == "\x1b[2J\u202e"


async def test_pages_are_small_while_letters_are_large(desk: Desk) -> None:
    for number in range(PAGE_FIRST * 2):
        await desk.letter({"data": "x" * 1_000_000}, f"{number}-0")
    letters = Letters(desk.house.redis, desk.house.settings.stream_prefix)
    sizes = [len(page) async for page in letters.pages()]
    assert sum(sizes) == PAGE_FIRST * 2
    assert max(sizes[1:]) <= 4
    assert len(await letters.newest(20)) == 20


async def test_a_letter_that_an_operator_took_away_stays_away(desk: Desk) -> None:
    """The keeper tells what was deleted from what was lost by the stream's own memory of deletions."""
    await desk.letter({"data": EVENT.model_dump_json()})
    await desk.type("drop", "--all", "--yes")
    state = await read_state(desk.house.redis, desk.dead_stream)
    assert state
    assert state.last_deleted > START

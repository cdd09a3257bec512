"""Analysers that hang, fail or answer rubbish: a verdict comes, says what was not checked, and is revised when they are back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.submission import panel
from services.submission.analysers import Opinion, Specimen
from services.submission.panel import FAILURES_MAX, Panel
from services.submission.settings import SubmissionSettings
from shared.errors import Defer, Reject
from shared.events import ReportResolved, VerdictIssued
from shared.mail import read_mail
from shared.signatures import signed
from tests.mails import mail
from tests.services import House, free_port, house
from tests.waiting import until

SPECIMEN = Specimen(read_mail(mail()), "0" * 64, "phishing")


@dataclass
class Acts:
    """An analyser that does what it is told."""

    name: str
    does: Any = "answers"
    asked: int = 0
    went_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def analyse(self, specimen: Specimen) -> Opinion:
        del specimen
        self.asked += 1
        if self.does == "hangs":
            await self.went_on.wait()
        elif isinstance(self.does, Exception):
            raise self.does
        return Opinion(self.name, "suspicious", "spam", 0.7)


def panel_of(*analysers: Acts, **settings: Any) -> Panel:
    names = [f"{one}" for one in ("local", "rspamd", "spamassassin")][: len(analysers)]
    for analyser, name in zip(analysers, names, strict=True):
        analyser.name = name
    return Panel(analysers, SubmissionSettings(analysers=tuple(names), **{"analyser_timeout_s": 5, **settings}))


async def test_one_that_hangs_costs_a_little_patience_and_is_named() -> None:
    hangs = Acts("", "hangs")
    opinions = await panel_of(Acts(""), hangs, analyser_patience_s=0.05).ask(SPECIMEN, {})
    assert [one.evaluation for one in opinions] == ["suspicious", "not_checked"]
    assert opinions[1].detail == "it had not answered yet"
    assert opinions[1].again_s


async def test_the_second_time_it_gets_all_the_time_it_may_have_and_the_others_are_not_asked() -> None:
    quick, hangs = Acts(""), Acts("", "hangs")
    asked = panel_of(quick, hangs, analyser_patience_s=0.05)
    known = {one.name: one for one in await asked.ask(SPECIMEN, {})}
    asyncio.get_running_loop().call_later(0.3, hangs.went_on.set)
    opinions = await asked.ask(SPECIMEN, known)
    assert [one.evaluation for one in opinions] == ["suspicious", "suspicious"]
    assert quick.asked == 1


@pytest.mark.parametrize(
    ("fault", "again"),
    [(Defer("busy"), True), (TimeoutError(), True), (ZeroDivisionError(), True), (Reject("no"), False)],
)
async def test_one_that_fails_says_why_and_fails_no_other(fault: Exception, again: bool) -> None:
    opinions = await panel_of(Acts("", fault), Acts("")).ask(SPECIMEN, {})
    assert [one.evaluation for one in opinions] == ["error", "suspicious"]
    assert opinions[0].detail
    assert (opinions[0].again_s is not None) is again


async def test_one_that_fails_again_and_again_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "REST_S", 0.2)
    fails = Acts("", Defer("busy"))
    asked = panel_of(Acts(""), fails)
    for _ in range(FAILURES_MAX + 3):
        await asked.ask(SPECIMEN, {})
    assert fails.asked == FAILURES_MAX
    assert not asked.may_answer(["rspamd"])

    async def may_again() -> bool:
        return asked.may_answer(["rspamd"])

    await until(may_again)
    fails.does = "answers"
    assert (await asked.ask(SPECIMEN, {}))[1].evaluation == "suspicious"


@dataclass
class Service:
    """A service of one's own: what it answers may change."""

    port: int
    status: int = 503
    answer: bytes = b""
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        self.asked.append(json.loads(body))
        writer.write(
            f"HTTP/1.1 {self.status} x\r\nConnection: close\r\nContent-Length: {len(self.answer)}\r\n\r\n".encode()
        )
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    made = Service(free_port())
    async with await asyncio.start_server(made.talk, "127.0.0.1", made.port):
        yield made


@asynccontextmanager
async def line(asked: Service, redis_url: str, prefix: str, folder: Path) -> AsyncIterator[House]:
    settings = {
        "analysers": ("local", "http"),
        "http_analyser_url": f"http://127.0.0.1:{asked.port}/",
        "http_analyser_secret": "word",
    }
    async with house(("ingest", "triage", "submission"), redis_url, prefix, folder, **settings) as made:
        yield made


async def report(made: House) -> None:
    async with made.http("ingest") as http:
        quiet = mail(
            sender="Bo <bo@partner.example>", subject="Minutes", body="Hello Ana, here are the minutes of our meeting."
        )
        answer = await http.post(
            "/v1/reports", content=quiet, params={"category": "phishing"}, headers={"Content-Type": "message/rfc822"}
        )
        assert answer.status_code == 202


async def verdicts(made: House, count: int) -> list[dict[str, Any]]:
    async def there() -> bool:
        return len(await made.said(VerdictIssued)) >= count

    await until(there)
    return await made.said(VerdictIssued)


PHISH = json.dumps({"category": "phishing", "confidence": 0.95, "detail": "known kit"}).encode()


async def test_a_verdict_is_revised_when_the_service_is_back(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "FAILED_S", 0.2)
    async with service() as asked, line(asked, redis_url, prefix, data_dir) as made:
        await report(made)
        (first,) = await verdicts(made, 1)
        assert first["category"] == "unknown"
        assert first["analysers"][1] == {"name": "http", "evaluation": "error", "detail": "it answered 503"}
        asked.status, asked.answer = 200, PHISH
        _, second = await verdicts(made, 2)
        assert (second["category"], second["version"]) == ("phishing", 2)

        async def told_both() -> bool:
            return [one["category"] for one in await made.said(ReportResolved)] == ["unknown", "phishing"]

        await until(told_both)


async def test_a_service_that_calls_back_revises_the_verdict_and_a_stranger_does_not(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with service() as asked, line(asked, redis_url, prefix, data_dir) as made:
        asked.status = 202
        await report(made)
        await verdicts(made, 1)
        url = f"http://127.0.0.1:{made.ports['submission_port']}/v1/opinions/{asked.asked[0]['submission_id']}"
        async with httpx.AsyncClient() as http:
            assert (await http.post(url, content=PHISH, headers=signed(PHISH, "guess"))).status_code == 401
            assert (await http.post(url, content=b"{}", headers=signed(b"{}", "word"))).status_code == 422
            assert (await http.post(f"{url}0", content=PHISH, headers=signed(PHISH, "word"))).status_code == 409
            assert (await http.post(url, content=PHISH, headers=signed(PHISH, "word"))).status_code == 202
            _, second = await verdicts(made, 2)
            assert (second["category"], second["version"]) == ("phishing", 2)
            assert (await http.post(url, content=PHISH, headers=signed(PHISH, "word"))).status_code == 409

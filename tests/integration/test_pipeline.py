"""A report's whole way: received, in a case, analysed, told. Once, whatever is repeated."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.events import (
    CaseJoined,
    CaseOpened,
    CaseTriaged,
    ReportReceived,
    ReportResolved,
    SubmissionFailed,
    SubmissionRequested,
    VerdictIssued,
)
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until

NAMES = ("ingest", "triage", "submission")

PHISH = mail(
    sender="DHL Express <fee@parcel-fee.example>",
    body="Dear customer, your parcel is waiting. Pay the shipping fee within 24 hours: http://parcel-fee.example/pay?id=1",
)


@pytest.fixture
async def line(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(
        NAMES,
        redis_url,
        prefix,
        data_dir,
        database_url=database_url,
        analysers=("local", "stub"),
        simulation_headers=("X-Drill: autumn",),
    ) as made:
        yield made


async def report(line: House, raw: bytes, category: str = "phishing") -> str:
    async with line.http("ingest") as http:
        answer = await http.post(
            "/v1/reports", params={"category": category}, content=raw, headers={"Content-Type": "message/rfc822"}
        )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["report_id"])


async def resolved(line: House, count: int) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(await line.said(ReportResolved)) >= count

    await until(enough)
    return await line.said(ReportResolved)


async def test_a_phish_is_called_one_with_evidence_cause_and_blocks(line: House) -> None:
    report_id = await report(line, PHISH)
    (told,) = await resolved(line, 1)
    assert (told["report_id"], told["category"], told["inherited"], told["version"]) == (
        report_id,
        "phishing",
        False,
        1,
    )
    (verdict,) = await line.said(VerdictIssued)
    assert {"brand_in_name", "generic_greeting"} <= {one["signal"] for one in verdict["evidence"]}
    assert {"kind": "address", "value": "fee@parcel-fee.example"} in verdict["blocks"]
    assert {"kind": "url", "value": "parcel-fee.example"} in verdict["blocks"]
    assert verdict["recommendations"]
    assert verdict["analysers"] == [
        {"name": "local", "evaluation": "malicious"},
        {"name": "stub", "evaluation": "not_checked"},
    ]
    assert (await line.said(CaseTriaged))[0]["decision"] == "submit"


async def test_copies_and_variants_share_one_case_one_analysis_and_one_verdict(line: House) -> None:
    variants = [PHISH, PHISH, PHISH.replace(b"id=1", b"id=2").replace(b"<1@", b"<2@")]
    for raw in variants:
        await report(line, raw)
    told = await resolved(line, 3)
    assert len({one["case_id"] for one in told}) == 1
    assert sorted(one["inherited"] for one in told) == [False, True, True]
    assert len(await line.said(CaseOpened)) == 1
    assert [one["report_count"] for one in await line.said(CaseJoined)] == [2, 3]
    assert len(await line.said(SubmissionRequested)) == 1


async def test_a_late_report_inherits_the_verdict_that_is_there(line: House) -> None:
    await report(line, PHISH)
    await resolved(line, 1)
    await report(line, PHISH)
    told = await resolved(line, 2)
    assert [one["inherited"] for one in told] == [False, True]
    assert len(await line.said(VerdictIssued)) == 1


async def test_a_mail_that_borrows_a_message_id_is_analysed_on_its_own(line: House) -> None:
    honest = mail(
        sender="Shop <news@shop.example>",
        body="Thank you for your order, it leaves us today.",
        message_id="x@shop.example",
    )
    phish = mail(
        sender="PayPal <news@shop.example>",
        body="Dear customer, verify your account within 24 hours: http://192.0.2.7/login",
        message_id="x@shop.example",
    )
    first, second = await report(line, honest), await report(line, phish)
    told = {one["report_id"]: one for one in await resolved(line, 2)}
    assert told[first]["case_id"] == told[second]["case_id"]
    assert told[first]["category"] == "unknown"
    assert (told[second]["category"], told[second]["inherited"]) == ("phishing", False)


async def test_a_simulation_is_answered_at_once_and_never_analysed(line: House) -> None:
    await report(line, mail(extra="X-Drill: autumn\r\n"))
    (told,) = await resolved(line, 1)
    assert (told["category"], told["confidence"]) == ("simulation", 1.0)
    assert (await line.said(CaseTriaged))[0]["decision"] == "dismiss"
    assert await line.said(SubmissionRequested) == []


async def test_an_analyser_that_cannot_answer_now_does_not_stop_the_others(line: House) -> None:
    await report(line, mail(extra="X-Longstop-Stub: fail=defer\r\n"))
    await resolved(line, 1)
    (verdict,) = await line.said(VerdictIssued)
    assert {"name": "stub", "evaluation": "error", "detail": "the script says not now"} in verdict["analysers"]


async def test_two_hundred_reports_at_once_are_each_told_exactly_once(line: House) -> None:
    mails = [
        mail(
            subject=f"Mail {n % 50}",
            body=f"Text of campaign {chr(97 + n % 26)}{chr(97 + n % 25)}.",
            message_id=f"{n}@x.example",
        )
        for n in range(200)
    ]
    gate = asyncio.Semaphore(20)

    async def one(raw: bytes) -> str:
        async with gate:
            return await report(line, raw)

    ids = await asyncio.gather(*(one(raw) for raw in mails))
    told = await resolved(line, 200)
    assert sorted(one["report_id"] for one in told) == sorted(ids)
    assert sorted(one["report_id"] for one in await line.said(ReportReceived)) == sorted(ids)


async def test_analysis_that_never_works_ends_with_an_honest_verdict(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(NAMES, redis_url, prefix, data_dir, analysers=("stub",), submission_attempts=1) as line:
        await report(line, mail(extra="X-Longstop-Stub: fail=reject\r\n"))
        (told,) = await resolved(line, 1)
        assert told["category"] == "unknown"
        (verdict,) = await line.said(VerdictIssued)
        assert (verdict["cause"], verdict["confidence"]) == ("undetermined", 0)
        (failed,) = await line.said(SubmissionFailed)
        assert failed["attempts"] == 1

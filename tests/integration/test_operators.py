"""An operator's word: decisions supersede verdicts, reporters are told, cases are assigned, noted, tagged and merged."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.events import BlockCreated, CaseClosed, NotificationSent, ReportResolved, SubmissionFailed, VerdictIssued
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until

SERVICES = ("ingest", "triage", "submission", "blocklist", "console")
QUIET = mail(
    sender="Bo <bo@partner.example>",
    subject="Minutes",
    body="Hello Ana, here are the minutes of our meeting on Monday.",
)


@pytest.fixture(params=["all", "off"])
async def desk(
    request: pytest.FixtureRequest, redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> AsyncIterator[House]:
    given: dict[str, Any] = {"database_url": database_url, "answers": request.param, "api_token": "word"}
    async with house(SERVICES, redis_url, prefix, data_dir, **given) as made:
        yield made


def console(made: House) -> httpx.AsyncClient:
    headers = {"Authorization": "Bearer word"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{made.ports['console_port']}", headers=headers, timeout=20)


async def report(made: House, raw: bytes, reporter: str = "ana@example.org") -> str:
    headers = {"Content-Type": "message/rfc822", "Authorization": "Bearer word"}
    async with made.http("ingest") as http:
        answer = await http.post(
            "/v1/reports", content=raw, params={"category": "phishing", "reporter": reporter}, headers=headers
        )
    return str(answer.json()["report_id"])


async def resolved(made: House, report_id: str, times: int) -> list[dict[str, Any]]:
    async def there() -> list[dict[str, Any]]:
        found = [one for one in await made.said(ReportResolved) if one["report_id"] == report_id]
        return found if len(found) >= times else []

    found: Any = await until(there)
    return list(found)


async def shown(made: House, case_id: str, **fields: Any) -> dict[str, Any]:
    """The case as the console shows it, once these fields are so."""

    async def so() -> dict[str, Any]:
        async with console(made) as http:
            answer = await http.get(f"/v1/cases/{case_id}")
        story: dict[str, Any] = answer.json() if answer.is_success else {"case": {}}
        return story if all(story["case"].get(name) == value for name, value in fields.items()) else {}

    found: Any = await until(so)
    return dict(found)


async def test_a_decision_supersedes_the_verdict_and_is_told(desk: House) -> None:
    report_id = await report(desk, QUIET)
    (first,) = await resolved(desk, report_id, 1)
    assert first["category"] == "unknown"
    await shown(desk, first["case_id"], verdict_version=1, from_address="bo@partner.example")
    decision = {
        "category": "phishing",
        "comment": "Bo was robbed of his password.",
        "notify": True,
        "block": True,
        "by": "eve",
    }
    async with console(desk) as http:
        answer = await http.post(f"/v1/cases/{first['case_id']}/decision", json=decision)
    assert answer.status_code == 202
    _, second = await resolved(desk, report_id, 2)
    assert (second["category"], second["confidence"], second["version"]) == ("phishing", 1.0, 2)
    verdict = (await desk.said(VerdictIssued))[-1]
    assert [one["name"] for one in verdict["analysers"]] == ["operator"]
    assert "eve" in verdict["evidence"][0]["text"]

    async def blocked() -> list[Any]:
        return [one["value"] for one in await desk.said(BlockCreated)]

    assert await until(blocked) == ["bo@partner.example"]

    async def answered() -> bool:
        return any(one["kind"] == "answer" for one in await desk.said(NotificationSent))

    await until(answered)
    story = await shown(desk, first["case_id"], verdict_category="phishing")
    assert story["case"]["notes"][0]["text"] == "Bo was robbed of his password."


async def test_a_case_is_assigned_noted_and_tagged(desk: House) -> None:
    (first,) = await resolved(desk, await report(desk, QUIET), 1)
    case_id = first["case_id"]
    await shown(desk, case_id, report_count=1)
    async with console(desk) as http:
        path = f"/v1/cases/{case_id}"
        assert (
            await http.patch(path, json={"owner": "eve", "note": "Ask Bo.", "add_tags": ["partner", "bec"]})
        ).status_code == 202
        await shown(desk, case_id, owner="eve", tags=["partner", "bec"])
        assert (await http.patch(path, json={"owner": "", "remove_tags": ["bec"]})).status_code == 202
        await shown(desk, case_id, owner="", tags=["partner"])
        assert (await http.patch(path, json={})).status_code == 422
        assert (await http.patch(path, json={"add_tags": ["<script>"]})).status_code == 422
        assert (await http.patch("/v1/cases/none", json={"owner": "eve"})).status_code == 404
        assert (await http.post(f"{path}/decision", json={"category": "evil"})).status_code == 422
        assert (await http.post(f"{path}/decision", json={"category": "clean", "block": True})).status_code == 422
        assert (await http.patch(path, json={"owner": "eve"}, headers={"Authorization": "Bearer x"})).status_code == 401


async def test_a_case_takes_the_reports_of_another(desk: House) -> None:
    other = mail(
        sender="Al <al@firm.example>",
        subject="Offer",
        message_id="2@firm.example",
        body="Here is the offer that you asked for last week.",
    )
    (one,), (two,) = (
        await resolved(desk, await report(desk, QUIET), 1),
        await resolved(desk, await report(desk, other), 1),
    )
    await shown(desk, one["case_id"], verdict_version=1)
    await shown(desk, two["case_id"], verdict_version=1)
    async with console(desk) as http:
        answer = await http.patch(f"/v1/cases/{one['case_id']}", json={"merged_into": two["case_id"]})
        assert answer.status_code == 202
        story = await shown(desk, two["case_id"], report_count=2)
        assert {row["id"] for row in story["reports"]} == {one["report_id"], two["report_id"]}
        assert (
            await http.patch(f"/v1/cases/{two['case_id']}", json={"merged_into": one["case_id"]})
        ).status_code == 422
    again = await resolved(desk, await report(desk, QUIET, "bob@example.org"), 1)
    assert again[0]["case_id"] == two["case_id"]


async def test_a_mail_is_analysed_again_but_not_at_once_again(desk: House) -> None:
    (first,) = await resolved(desk, await report(desk, QUIET), 1)
    case_id = first["case_id"]
    await shown(desk, case_id, verdict_version=1, from_address="bo@partner.example")
    async with console(desk) as http:
        path = f"/v1/cases/{case_id}/analyse"
        assert (await http.post(path)).status_code == 202

        async def skipped() -> list[Any]:
            return [one["reason"] for one in await desk.said(SubmissionFailed)]

        await until(skipped)
        assert "asked for" in (await skipped())[0]
        assert len(await desk.said(VerdictIssued)) == 1
        assert (await http.post(path, json={"block": True})).status_code == 422
        confirmed = {"intent": "confirmed", "category": "phishing", "block": True, "by": "eve"}
        assert (await http.post(path, json=confirmed)).status_code == 202

    async def blocked() -> list[Any]:
        return [one["origin"]["by"] for one in await desk.said(BlockCreated)]

    assert await until(blocked) == ["eve"]


async def test_a_report_leaves_its_case_for_one_of_its_own_and_is_decided_there(desk: House) -> None:
    copy = mail(
        sender="Bo <bo@partner.example>",
        subject="Minutes",
        body="Hello Ana, here are the minutes of our meeting on Tuesday.",
    )
    (one,), (two,) = (
        await resolved(desk, await report(desk, QUIET), 1),
        await resolved(desk, await report(desk, copy), 1),
    )
    assert one["case_id"] == two["case_id"]
    case_id = one["case_id"]
    await shown(desk, case_id, report_count=2)
    async with console(desk) as http:
        path = f"/v1/cases/{case_id}"
        assert (await http.patch(path, json={"split": ["none"]})).status_code == 422
        all_of_it = {"split": [one["report_id"], two["report_id"]]}
        assert (await http.patch(path, json=all_of_it)).status_code == 422
        answer = await http.patch(path, json={"split": [two["report_id"]]})
        assert answer.status_code == 202
        made = answer.json()["case_id"]
        _, again = await resolved(desk, two["report_id"], 2)
        assert (again["case_id"], again["version"]) == (made, 1)
        await shown(desk, made, report_count=1, split_from=case_id, subject="Minutes")
        await shown(desk, case_id, report_count=1)
        assert (await http.post(f"/v1/cases/{made}/decision", json={"category": "phishing"})).status_code == 202
    told = (await resolved(desk, two["report_id"], 3))[-1]
    assert (told["category"], told["version"]) == ("phishing", 2)
    assert [row["category"] for row in await resolved(desk, one["report_id"], 1)] == ["unknown"]


async def test_a_decision_reaches_the_mails_of_merged_cases_and_closes_the_case(desk: House) -> None:
    other = mail(
        sender="Al <al@firm.example>", subject="Offer", message_id="2@firm.example", body="The offer, as asked."
    )
    (one,), (two,) = (
        await resolved(desk, await report(desk, QUIET), 1),
        await resolved(desk, await report(desk, other), 1),
    )
    await shown(desk, one["case_id"], verdict_version=1)
    await shown(desk, two["case_id"], verdict_version=1)
    async with console(desk) as http:
        await http.patch(f"/v1/cases/{one['case_id']}", json={"merged_into": two["case_id"]})
        await shown(desk, two["case_id"], report_count=2)
        await http.post(f"/v1/cases/{two['case_id']}/decision", json={"category": "spam"})
    for first in (one, two):
        told = (await resolved(desk, first["report_id"], 2))[-1]
        assert (told["category"], told["case_id"]) == ("spam", two["case_id"])

    async def closed() -> list[Any]:
        return [(row["reason"], row["category"]) for row in await desk.said(CaseClosed)]

    assert await until(closed) == [("decided", "spam")]
    assert (await shown(desk, two["case_id"], closed_as="decided"))["case"]["due_at"]

"""The console: nobody without a token, everything escaped, verdicts live."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.events import (
    BlockRequested,
    CaseOpened,
    Evidence,
    MessageFacts,
    QuarantineHeld,
    ReleaseDecided,
    ReportReceived,
    ReportResolved,
    VerdictIssued,
)
from tests.integration.test_digest import held
from tests.services import House, house
from tests.waiting import until

HOSTILE = "<script>alert(1)</script>\u202e=cmd http://evil.example/x"


@pytest.fixture
async def console(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


def token(console: House) -> dict[str, str]:
    return {"Authorization": f"Bearer {(console.data_dir / 'api.token').read_text()}"}


def story() -> list[ReportReceived | CaseOpened | VerdictIssued | ReportResolved | QuarantineHeld]:
    message = MessageFacts(sha256="a" * 64, size_bytes=1, subject=HOSTILE, from_address="evil@evil.example")
    return [
        ReportReceived(report_id="r1", category="phishing", source="http", message=message, received_at=held().held_at),
        CaseOpened(
            case_id="c1", report_id="r1", category="phishing", subject=HOSTILE, from_address="evil@evil.example"
        ),
        VerdictIssued(
            submission_id="s1",
            case_id="c1",
            message_sha256="a" * 64,
            version=1,
            category="phishing",
            confidence=0.91,
            cause="no_authentication",
            evidence=(Evidence(signal="brand_in_name", text=HOSTILE, where="header From", weight=2.5),),
        ),
        ReportResolved(report_id="r1", case_id="c1", category="phishing", confidence=0.91, version=1, inherited=False),
        held(subject=HOSTILE),
    ]


async def told(console: House, *, backwards: bool = False) -> None:
    events = story()
    for event in reversed(events) if backwards else events:
        await console.publish(event)

    async def there() -> bool:
        async with console.http("console") as http:
            lists = [
                (await http.get(f"/v1/{name}", headers=token(console))).json()["items"]
                for name in ("reports", "verdicts", "quarantine")
            ]
        return all(lists) and bool(lists[0][0]["verdict_category"]) and bool(lists[0][0]["state"])

    await until(there)


@pytest.mark.parametrize(
    "path",
    ["/v1/reports", "/v1/cases", "/v1/cases/c1", "/v1/verdicts", "/v1/blocks", "/v1/quarantine", "/v1/dead", "/v1/stats", "/v1/live", "/", "/cases/c1", "/blocks", "/quarantine", "/dead"],
)  # fmt: skip
async def test_nobody_sees_anything_without_a_token(console: House, path: str) -> None:
    async with console.http("console") as http:
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers={"Authorization": "Bearer wrong"})).status_code == 401
        page = await http.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 303
    assert page.headers["location"] == "/sign-in"


async def test_a_person_signs_in_and_a_foreign_site_cannot_act_for_them(console: House) -> None:
    secret = (console.data_dir / "api.token").read_text()
    async with console.http("console") as http:
        assert (await http.post("/sign-in", data={"token": "wrong"})).status_code == 401
        assert (await http.post("/sign-in", data={"token": secret})).status_code == 303
        assert (await http.get("/")).status_code == 200
        entry = {"kind": "address", "value": "evil@evil.example"}
        foreign = await http.post(
            "/v1/blocks", json=entry, headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        )
        assert foreign.status_code == 403
        own = await http.post("/v1/blocks", json=entry, headers={"Sec-Fetch-Site": "same-origin"})
        assert own.status_code == 202

    async def asked() -> bool:
        return len(await console.said(BlockRequested)) == 1

    await until(asked)


@pytest.mark.parametrize("backwards", [False, True])
async def test_the_read_model_is_the_same_in_any_order(console: House, *, backwards: bool) -> None:
    await told(console, backwards=backwards)
    async with console.http("console") as http:
        case = (await http.get("/v1/cases/c1", headers=token(console))).json()
    assert case["case"]["verdict_category"] == "phishing"
    assert [report["id"] for report in case["reports"]] == ["r1"]
    assert case["verdicts"][0]["evidence"][0]["signal"] == "brand_in_name"


async def test_nothing_of_a_mail_is_markup_on_any_page(console: House) -> None:
    await told(console)
    async with console.http("console") as http:
        for path in ("/", "/cases/c1", "/blocks", "/quarantine", "/dead"):
            page = await http.get(path, headers=token(console))
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "\u202e" not in page.text
            assert "http://evil.example" not in page.text
            assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_a_verdict_arrives_live(console: House) -> None:
    async with (
        console.http("console") as http,
        http.stream("GET", "/v1/live?after=0", headers=token(console)) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        for event in story():
            await console.publish(event)
        kind = ""
        async for line in stream.aiter_lines():
            kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
            if line.startswith("data: ") and kind == "verdict.issued":
                assert json.loads(line.removeprefix("data: "))["case_id"] == "c1"
                return


async def test_a_decision_is_said_once_the_copy_is_known(console: House) -> None:
    await told(console)
    async with console.http("console") as http:
        path = "/v1/quarantine/held-1/ana@example.org/decision"
        assert (
            await http.post(
                "/v1/quarantine/no/ana@example.org/decision", json={"decision": "denied"}, headers=token(console)
            )
        ).status_code == 404
        assert (await http.post(path, json={"decision": "approved"}, headers=token(console))).status_code == 202

    async def decided() -> bool:
        return len(await console.said(ReleaseDecided)) == 1

    await until(decided)


async def test_cursors_walk_through_a_list_without_gaps(console: House) -> None:
    for number in range(7):
        await console.publish(held(number))

    async def there() -> bool:
        async with console.http("console") as http:
            return len((await http.get("/v1/quarantine", headers=token(console))).json()["items"]) == 7

    await until(there)
    seen: list[str] = []
    before = ""
    async with console.http("console") as http:
        for _ in range(4):
            page = (
                await http.get("/v1/quarantine", params={"limit": 2, "before": before}, headers=token(console))
            ).json()
            seen += [row["id"] for row in page["items"]]
            before = page["next"]
        assert (await http.get("/v1/reports", params={"before": "junk"}, headers=token(console))).status_code == 400
    assert len(seen) == len(set(seen)) == 7

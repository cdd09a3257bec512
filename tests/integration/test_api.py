"""The API's promises: unchanged is 304, changed is 412, twice is once, a stream that broke goes on without a gap."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.console.http import live
from shared.events import BlockRequested, CaseEdited, CaseOpened, VerdictIssued
from tests.integration.test_console import story
from tests.people import bootstrap, token_of
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def console(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir, database_url=database_url, keeper_every_s=0.1) as made:
        yield made


def opened(number: int = 1) -> CaseOpened:
    return CaseOpened(
        case_id=f"c{number}", report_id=f"r{number}", category="phishing", subject="s", from_address="e@evil.example"
    )


async def has_cases(console: House, count: int) -> None:
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))

        async def there() -> bool:
            return len((await http.get("/v1/cases", params={"limit": 500})).json()["items"]) == count

        await until(there)


async def test_what_has_not_changed_is_not_sent_again(console: House) -> None:
    await console.publish(opened())
    await has_cases(console, 1)
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        for path in ("/v1/cases", "/v1/cases/c1", "/v1/tokens"):
            first = await http.get(path)
            again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            other = await http.get(path, headers={"If-None-Match": '"another"'})
            assert other.json() == first.json()


async def test_who_has_not_seen_the_newest_state_does_not_decide(console: House) -> None:
    await console.publish(opened())
    await has_cases(console, 1)
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        seen = (await http.get("/v1/cases/c1")).headers["etag"]
        done = await http.patch("/v1/cases/c1", json={"owner": "ana"}, headers={"If-Match": seen})
        assert done.status_code == 202

        async def has_changed() -> bool:
            return (await http.get("/v1/cases/c1")).headers["etag"] != seen

        await until(has_changed)
        for method, path, body in (("PATCH", "/v1/cases/c1", {"owner": "eve"}), ("POST", "/v1/cases/c1/decision", {"category": "phishing"})):  # fmt: skip
            late = await http.request(method, path, json=body, headers={"If-Match": seen})
            assert late.status_code == 412

            async def is_taken(method: str = method, path: str = path, body: dict[str, str] = body) -> bool:
                """What was changed before may come back between the look and the request."""
                now = (await http.get("/v1/cases/c1")).headers["etag"]
                return (await http.request(method, path, json=body, headers={"If-Match": now})).status_code == 202

            await until(is_taken)
    assert [event["owner"] for event in await console.said(CaseEdited)] == ["ana", "eve"]


async def test_the_same_key_and_request_is_the_same_answer_and_one_effect(console: House) -> None:
    entry = {"kind": "address", "value": "evil@evil.example"}
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        key = {"Idempotency-Key": "one"}
        answers = await asyncio.gather(*(http.post("/v1/blocks", json=entry, headers=key) for _ in range(5)))
        assert {answer.status_code for answer in answers} <= {202, 409}
        again = await http.post("/v1/blocks", json=entry, headers=key)
        assert again.headers["idempotent-replayed"] == "true"
        assert {answer.text for answer in answers if answer.status_code == 202} == {again.text}
        other = await http.post("/v1/blocks", json={**entry, "note": "x"}, headers=key)
        assert other.status_code == 422
        theirs = await token_of(console, "analyst")
        assert (await http.post("/v1/blocks", json=entry, headers={**key, **theirs})).json() != again.json()
    assert len(await console.said(BlockRequested)) == 2


async def test_a_request_that_failed_may_be_sent_again_with_its_key(console: House) -> None:
    key = {"Idempotency-Key": "one"}
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        assert (await http.patch("/v1/cases/c1", json={"note": "x"}, headers=key)).status_code == 404
        await console.publish(opened())
        await has_cases(console, 1)
        assert (await http.patch("/v1/cases/c1", json={"note": "x"}, headers=key)).status_code == 202


async def lines(
    http: httpx.AsyncClient, url: str, count: int, **headers: str
) -> list[tuple[int, str, dict[str, object]]]:
    """The first lines of a live stream: id, event, data."""
    found: list[tuple[int, str, dict[str, object]]] = []
    async with asyncio.timeout(30), http.stream("GET", url, headers=headers) as stream:
        number, kind = 0, ""
        async for line in stream.aiter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                found.append((number, kind, json.loads(line[6:])))
                if len(found) == count:
                    break
    return found


async def test_a_stream_that_broke_goes_on_where_it_was_however_much_came_since(console: House) -> None:
    for number in range(450):
        await console.publish(opened(number))
    await has_cases(console, 450)
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        first = await lines(http, "/v1/live?after=0", 10)
        rest = await lines(http, "/v1/live", 440, **{"Last-Event-ID": str(first[-1][0])})
    assert [one[0] for one in first + rest] == list(range(1, 451))


async def test_a_watcher_hears_of_the_kinds_that_it_chose(console: House) -> None:
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        hearing = asyncio.create_task(lines(http, "/v1/live?after=0&kinds=verdict.issued", 1))
        await console.publish(opened())
        verdict = VerdictIssued(
            submission_id="s", case_id="c1", message_sha256="a" * 64, version=1, category="spam", confidence=0.9,
            cause="undetermined",
        )  # fmt: skip
        await console.publish(verdict)
        assert [kind for _, kind, _ in await hearing] == ["verdict.issued"]


async def test_a_stream_ends_when_its_token_is_revoked(console: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    header = await token_of(console, "viewer")
    async with console.http("console") as http, http.stream("GET", "/v1/live", headers=header) as stream:
        heard = stream.aiter_lines()
        assert await anext(heard) == "retry: 2000"
        async with console.http("console") as admin:
            admin.headers.update(bootstrap(console))
            (token,) = (await admin.get("/v1/tokens")).json()["items"]
            await admin.delete(f"/v1/tokens/{token['id']}")
        async with asyncio.timeout(20):
            assert [line async for line in heard if line and not line.startswith(":")] == []


async def test_a_dead_letter_is_shown_repaired_handed_in_again_and_dropped(console: House) -> None:
    for broken in ('{"case_id": 1}', "no json"):
        await console.redis.xadd(f"{console.prefix}:{CaseOpened.STREAM}", {"data": broken})
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))

        async def dead() -> list[dict[str, str]]:
            return list((await http.get("/v1/dead")).json()["items"])

        async def both() -> bool:
            return len(await dead()) == 2

        await until(both)
        newest, oldest = await dead()
        assert "fields" not in newest
        shown = (await http.get(f"/v1/dead/{oldest['entry']}")).json()
        assert shown["fields"]["data"] == '{"case_id": 1}'
        wrong = await http.post(f"/v1/dead/{oldest['entry']}/replay", json={"data": {"case_id": 2}})
        assert (wrong.status_code, len(await dead())) == (422, 2)
        right = await http.post(f"/v1/dead/{oldest['entry']}/replay", json={"data": opened(7).model_dump(mode="json")})
        assert right.status_code == 204
        assert (await http.delete(f"/v1/dead/{newest['entry']}")).status_code == 204
        await has_cases(console, 1)
        assert await dead() == []
        acts = [one["act"] for one in (await http.get("/v1/audit")).json()["items"]]
    assert acts == ["dead.dropped", "dead.replayed", "dead.replayed", "body.looked"]


async def test_the_queue_and_the_preview_of_an_entry_answer_what_pages_ask(console: House) -> None:
    for event in story():
        await console.publish(event)
    await has_cases(console, 1)
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))

        async def is_found() -> bool:
            found = await http.get("/v1/blocks/preview", params={"kind": "address", "value": "evil@evil.example"})
            return [one["id"] for one in found.json()["reports"]] == ["r1"]

        await until(is_found)
        missed = await http.get("/v1/blocks/preview", params={"kind": "address", "value": "else@evil.example"})
        assert missed.json() == {"reports": [], "held": [], "cut": False}
        everything = (await http.get("/v1/cases/queue", params={"view": "all"})).json()
        assert [one["id"] for one in everything["items"]] == ["c1"]
        assert (await http.get("/v1/cases/queue", params={"view": "all", "before": "junk"})).status_code == 400
        assert (await http.get("/v1/cases/queue", params={"view": "nonsense"})).status_code == 422

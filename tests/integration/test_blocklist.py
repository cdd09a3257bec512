"""The whole block list against the real Redis: events in, the gateway's hash and events out, and its doors."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.blocklist.rules.fields import HASHES
from shared.events import (
    BlockCreated,
    BlockExpired,
    BlockOrigin,
    BlockRefused,
    BlockRemoved,
    BlockRequested,
    BlockWithdrawn,
    ProposedBlock,
    VerdictIssued,
)
from shared.events.vocabulary import VerdictCategory
from shared.work import now
from tests.services import House, house
from tests.waiting import until

FEE = "fee@parcel-fee.example"
ANA = "ana@example.org"
SHA256 = "0f" * 32


def verdict(version: int = 1, category: VerdictCategory = "phishing") -> VerdictIssued:
    return VerdictIssued(
        submission_id=f"s-{version}",
        case_id="c-1",
        message_sha256="ab" * 32,
        version=version,
        category=category,
        confidence=0.97,
        cause="filter_missed",
        blocks=(
            ProposedBlock(kind="address", value=FEE),
            ProposedBlock(kind="url", value="http://parcel-fee.example"),
            ProposedBlock(kind="domain", value="gmail.com"),
        ),
    )


@pytest.fixture
async def blocks(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("blocklist",), redis_url, prefix, data_dir, database_url=database_url) as running:
        yield running


@pytest.fixture
async def api(blocks: House) -> AsyncIterator[httpx.AsyncClient]:
    async with blocks.http("blocklist") as client:
        yield client


async def mark(blocks: House, field: str) -> dict[str, Any] | None:
    """What the gateway would read."""
    content = await blocks.redis.hget(f"{blocks.prefix}:gateway", field)
    return json.loads(content) if content else None


async def copy(blocks: House) -> dict[tuple[str, bytes], bytes]:
    """Everything that stands in Redis for the gateway."""
    return {
        (name, field): content
        for name in HASHES
        for field, content in (await blocks.redis.hgetall(f"{blocks.prefix}:{name}")).items()
    }


async def stands(blocks: House, field: str) -> dict[str, Any]:
    found = await until(lambda: mark(blocks, field))
    assert isinstance(found, dict)
    return found


async def gone(blocks: House, field: str) -> None:
    async def absent() -> bool:
        return await mark(blocks, field) is None

    await until(absent)


async def said(blocks: House, kind: Any, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]]:
        found = await blocks.said(kind)
        return found if len(found) >= count else []

    found = await until(enough)
    assert isinstance(found, list)
    return found


async def add(api: httpx.AsyncClient, value: str, **more: Any) -> dict[str, Any]:
    response = await api.post("/v1/blocks", json={"value": value, **more})
    assert response.status_code == 201, response.text
    entry: dict[str, Any] = response.json()
    return entry


async def test_a_confident_verdict_is_in_the_gateways_hash_and_in_the_stream(blocks: House) -> None:
    await blocks.publish(verdict())
    found = await stands(blocks, f"tenant|address|{FEE}")
    created = {entry["value"]: entry for entry in await said(blocks, BlockCreated, 2)}
    assert found["id"] == created[FEE]["block_id"]
    assert found["action"] == "block"
    assert found["exp"] > now().timestamp()
    assert await stands(blocks, "tenant|url|parcel-fee.example")
    assert await blocks.redis.hget(f"{blocks.prefix}:map:from", FEE) == f"LONGSTOP_REJECT:1 {found['id']}".encode()
    assert await blocks.redis.hexists(f"{blocks.prefix}:map:urlhost", "parcel-fee.example")
    (refused,) = await said(blocks, BlockRefused)
    assert "used by everybody" in refused["reason"]


async def test_a_newer_verdict_that_is_not_bad_takes_the_entries_out_of_the_hash(blocks: House) -> None:
    await blocks.publish(verdict())
    await stands(blocks, f"tenant|address|{FEE}")
    await blocks.publish(verdict(2, "clean"))
    await gone(blocks, f"tenant|address|{FEE}")
    assert {entry["by"] for entry in await said(blocks, BlockRemoved, 2)} == {"verdict"}
    assert await copy(blocks) == {}


async def test_a_request_makes_an_entry_and_a_withdrawal_ends_it(blocks: House) -> None:
    origin = BlockOrigin(by="olga", case_id="c-9")
    await blocks.publish(BlockRequested(request_id="r-1", kind="address", value=FEE, scope=ANA, origin=origin))
    field = f"{ANA}|address|{FEE}"
    found = await stands(blocks, field)
    assert await blocks.redis.hget(f"{blocks.prefix}:map:pair", f"{FEE}|{ANA}")
    await blocks.publish(BlockWithdrawn(request_id="r-2", block_id=found["id"], by="olga"))
    await gone(blocks, field)
    (removed,) = await said(blocks, BlockRemoved)
    assert (removed["block_id"], removed["by"]) == (found["id"], "olga")


async def test_an_entry_whose_time_is_over_leaves_the_hash_and_is_said(blocks: House, api: httpx.AsyncClient) -> None:
    ends = now() + timedelta(seconds=4)
    entry = await add(api, FEE, expires=ends.isoformat())
    (expired,) = await said(blocks, BlockExpired)
    assert expired["block_id"] == entry["block_id"]
    await gone(blocks, f"tenant|address|{FEE}")
    assert (await api.get("/v1/blocks")).json() == {"blocks": [], "next": ""}


async def test_an_emptied_redis_is_filled_again(blocks: House, api: httpx.AsyncClient) -> None:
    for value in (FEE, "http://parcel-fee.example/pay", SHA256, "203.0.113.0/24", "parcel-fee.example"):
        await add(api, value)
    await add(api, FEE, scope=ANA, action="allow")

    async def complete() -> bool:
        return len(await copy(blocks)) == 12  # six entries, and 1 + 2 + 1 + 1 + 1 fields of maps

    await until(complete)
    before = await copy(blocks)
    await blocks.redis.delete(*await blocks.redis.keys(f"{blocks.prefix}:*"))
    await until(complete)
    assert await copy(blocks) == before


async def test_drift_is_mended_at_the_next_start(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("blocklist",), redis_url, prefix, data_dir) as blocks, blocks.http("blocklist") as api:
        await add(api, FEE)
        await add(api, "parcel-fee.example")
        await stands(blocks, "tenant|domain|parcel-fee.example")
        await stands(blocks, f"tenant|address|{FEE}")
        right = await copy(blocks)
        await blocks.redis.hset(f"{prefix}:gateway", f"tenant|address|{FEE}", "{}")
        await blocks.redis.hset(f"{prefix}:gateway", b"tenant|domain|\xff", "{}")
        await blocks.redis.hset(f"{prefix}:map:ip", "203.0.113.7", "LONGSTOP_REJECT:1")
        await blocks.redis.hset(f"{prefix}:map:from", FEE, "LONGSTOP_REJECT:1")  # as an older Longstop wrote it
        await blocks.redis.hdel(f"{prefix}:map:domain", "parcel-fee.example")
        assert await copy(blocks) != right
    async with house(("blocklist",), redis_url, prefix, data_dir) as blocks:

        async def mended() -> bool:
            return await copy(blocks) == right

        await until(mended)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"value": "ceo@example.org"}, "your own domain"),
        ({"value": "example.org"}, "your own domain"),
        ({"value": "gmail.com"}, "name one address"),
        ({"value": "bit.ly", "kind": "url"}, "bit.ly/PATH"),
        ({"value": "10.0.0.1"}, "private or reserved"),
        ({"value": FEE, "kind": "file"}, "SHA-256"),
        ({"value": FEE, "expires": "soon"}, "30d"),
        ({"value": FEE, "expires": "1999-01-01"}, "future"),
        ({"value": FEE, "scope": "everybody"}, "scope"),
        ({"value": FEE, "action": "maybe"}, "'block' or 'allow'"),
        ({"value": "x" * 9_000}, "8192"),
    ],
)
async def test_a_refused_entry_is_one_problem_that_says_why(
    blocks: House, api: httpx.AsyncClient, body: dict[str, Any], words: str
) -> None:
    response = await api.post("/v1/blocks", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"]
    assert (await api.get("/v1/blocks")).json() == {"blocks": [], "next": ""}
    assert await blocks.said(BlockCreated) == []


async def test_an_entry_is_added_listed_and_removed(blocks: House, api: httpx.AsyncClient) -> None:
    first = await add(api, "Fee@Parcel-Fee.example", note="seen twice", by="olga", expires="never")
    assert first["kind"] == "address"
    assert first["value"] == FEE
    assert first["expires_at"] is None
    assert (first["origin"]["by"], first["note"]) == ("olga", "seen twice")
    second = await add(api, "https://parcel-fee.example/100%_off", scope=ANA)
    assert (await add(api, FEE))["block_id"] == first["block_id"]
    listed = (await api.get("/v1/blocks", params={"limit": 1000})).json()["blocks"]
    assert [entry["block_id"] for entry in listed] == [second["block_id"], first["block_id"]]
    for query, found in (
        ({"kind": "url"}, [second]),
        ({"q": "FEE@"}, [first]),
        ({"q": "%_"}, []),
        ({"q": "%25_"}, [second]),
    ):
        answer = (await api.get("/v1/blocks", params=query)).json()["blocks"]
        assert [entry["block_id"] for entry in answer] == [entry["block_id"] for entry in found], query
    answer = await api.delete(f"/v1/blocks/{first['block_id']}", params={"by": "olga"})
    assert answer.json() == {"removed": [first["block_id"]]}
    answer = await api.delete("/v1/blocks", params={"value": "http://parcel-fee.example/100%25_off"})
    assert answer.json() == {"removed": [second["block_id"]]}
    for response in (
        await api.delete(f"/v1/blocks/{first['block_id']}"),
        await api.delete("/v1/blocks?value=a@b.example"),
    ):
        assert response.status_code == 404
        assert response.json()["title"] == "there is no such entry"
    assert {entry["by"] for entry in await said(blocks, BlockRemoved, 2)} == {"olga", "api"}


async def test_the_check_names_the_entry_and_the_precedence(api: httpx.AsyncClient) -> None:
    tenant = await add(api, "parcel-fee.example")
    own = await add(api, FEE, scope=ANA, action="allow")
    file = await add(api, SHA256)
    network = await add(api, "203.0.113.0/24")

    async def check(**mail: Any) -> tuple[str, str | None, str]:
        answer = (await api.post("/v1/check", json=mail)).json()
        return answer["action"], answer["entry"] and answer["entry"]["block_id"], "\n".join(answer["why"])

    misspelt = await api.post("/v1/check", json={"form": FEE})
    assert (misspelt.status_code, misspelt.json()["detail"]) == (422, "form: Extra inputs are not permitted")
    for unreadable, word in (({"files": ["0f"]}, "SHA-256"), ({"ip": "999.1.1.1"}, "IP")):
        refused = await api.post("/v1/check", json=unreadable)
        assert (refused.status_code, word in refused.json()["detail"]) == (422, True), refused.text
    sub = "fee@mail.parcel-fee.example"
    assert (await check(**{"from": sub}))[:2] == ("block", tenant["block_id"])
    action, block_id, why = await check(**{"from": FEE.upper(), "recipient": "Ana@example.org"})
    assert (action, block_id) == ("allow", own["block_id"])
    assert "a recipient's own entry comes first" in why
    assert (await check(**{"from": FEE, "recipient": "ana+news@example.org"}))[:2] == ("allow", own["block_id"])
    assert (await check(**{"from": FEE, "recipient": "bob@example.org"}))[:2] == ("block", tenant["block_id"])
    action, block_id, why = await check(**{"from": FEE, "recipient": ANA, "files": [SHA256.upper()]})
    assert (action, block_id) == ("block", file["block_id"])
    assert "an allow covers only what it names" in why
    assert (await check(ip="203.0.113.77"))[:2] == ("block", network["block_id"])
    assert await check(urls=["http://parcel-fee.example/"]) == ("none", None, "no entry names anything of this mail")
    host = await add(api, "parcel-fee.example", kind="url")
    assert (await check(urls=["http://www.parcel-fee.example:8080/x"]))[:2] == ("block", host["block_id"])


async def test_the_maps_are_text_with_validators(api: httpx.AsyncClient) -> None:
    empty = await api.get("/maps/from")
    assert (empty.status_code, empty.text) == (200, "")
    await add(api, "z@parcel-fee.example")
    await add(api, FEE)
    await add(api, "other@parcel-fee.example", scope=ANA)
    await add(api, "friend@parcel-fee.example", action="allow")
    first = await api.get("/maps/from")
    assert first.headers["content-type"].startswith("text/plain")
    assert first.text == f"{FEE}\nz@parcel-fee.example\n"
    assert {"etag", "last-modified", "expires"} <= set(first.headers)
    assert first.headers["etag"] != empty.headers["etag"]
    again = await api.get("/maps/from", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    await api.delete("/v1/blocks", params={"value": FEE})
    changed = await api.get("/maps/from", headers={"If-None-Match": first.headers["etag"]})
    assert changed.text == "z@parcel-fee.example\n"
    by_date = await api.get("/maps/from", headers={"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert by_date.status_code == 304
    for headers in ({"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, {"If-Modified-Since": "yesterday"}):
        assert (await api.get("/maps/from", headers=headers)).status_code == 200


async def test_each_map_holds_its_kind(api: httpx.AsyncClient) -> None:
    for value in ("parcel-fee.example", SHA256, "203.0.113.0/24", "http://parcel-fee.example/pay"):
        await add(api, value)
    await add(api, "evil.parcel-fee.example", kind="url")
    maps = {name: (await api.get(f"/maps/{name}")).text.split() for name in ("domain", "urlhost", "sha256", "ip")}
    assert maps == {
        "domain": ["parcel-fee.example"],
        "urlhost": ["evil.parcel-fee.example"],
        "sha256": [SHA256],
        "ip": ["203.0.113.0/24"],
    }
    assert (await api.head("/maps/ip")).status_code == 200
    hashes = (await api.get("/maps/urlsha256")).text.split()
    assert hashlib.sha256(b"http://parcel-fee.example/pay").hexdigest() in hashes
    assert hashes == sorted(hashes)
    await add(api, FEE, scope=ANA)
    assert (await api.get("/maps/pair")).text == f"{FEE}|{ANA}\n"
    none = await api.get("/maps/other")
    assert (none.status_code, none.json()["title"]) == (404, "there is no such map")


async def test_a_foreign_web_page_is_refused(api: httpx.AsyncClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert (await api.post("/v1/blocks", json={"value": FEE}, headers=headers)).status_code == 403

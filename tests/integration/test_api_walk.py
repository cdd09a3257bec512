"""Every operation of the console's OpenAPI document: a new one cannot be forgotten."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.console.rules.access import KINDS, ROLES
from shared.web import BODY_MAX
from tests.people import bootstrap, token_of
from tests.services import House, house

#: An id of each form that routes ask for, of nothing that is there.
IDS = {"sha256": "a" * 64, "entry": "1-1", "name": "nobody", "recipient": "ana@example.org"}

#: A body that is right for each operation that acts.
BODIES: dict[str, Any] = {
    "POST /v1/blocks": {"kind": "address", "value": "evil@evil.example"},
    "DELETE /v1/blocks/{block_id}": None,
    "POST /v1/quarantine/{held_id}/{recipient}/decision": {"decision": "denied"},
    "PATCH /v1/cases/{case_id}": {"note": "seen"},
    "POST /v1/cases/{case_id}/analyse": {},
    "POST /v1/cases/{case_id}/decision": {"category": "phishing"},
    "DELETE /v1/dead/{entry}": None,
    "POST /v1/dead/{entry}/replay": {},
    "POST /v1/mails/{sha256}/access": {"reason": "case 12"},
    "POST /v1/me/password": {"old": "x", "new": "long enough now"},
    "DELETE /v1/me/sessions": None,
    "POST /v1/tokens": {"name": "ci"},
    "DELETE /v1/tokens/{token_id}": None,
    "POST /v1/operators": {"name": "bob"},
    "PATCH /v1/operators/{name}": {"role": "viewer"},
    "DELETE /v1/operators/{name}": None,
    "POST /v1/operators/{name}/reset": None,
    "DELETE /v1/sessions/{session_id}": None,
    "POST /v1/purges": {"mail": "a" * 64},
    "POST /v1/purges/{purge_id}/approval": {"plan": 1},
    "POST /v1/purges/{purge_id}/withdrawal": None,
    "POST /v1/purges/{purge_id}/again": None,
    "POST /v1/purges/{purge_id}/restore": {},
    "POST /v1/webhooks": {"url": "http://127.0.0.1:9/"},
    "DELETE /v1/webhooks/{hook_id}": None,
    "POST /v1/webhooks/{hook_id}/again": None,
}


@pytest.fixture
async def console(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir) as made:
        yield made


async def operations(console: House) -> list[tuple[str, str, dict[str, Any]]]:
    async with console.http("console") as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    return [(method.upper(), path, one) for path, item in paths.items() for method, one in item.items()]


def filled(path: str) -> str:
    """A path whose ids are of nothing that is there."""
    return re.sub(r"\{(\w+)\}", lambda part: IDS.get(part[1], "nothing"), path)


def needed(operation: dict[str, Any]) -> str:
    ((_, roles),) = operation["security"][0].items()
    (role,) = roles
    return str(role)


def is_refused(answer: Any) -> bool:
    return bool(answer.status_code == 403 and answer.json()["title"].startswith("this needs the role"))


async def test_every_operation_of_the_document_asks_who_is_there_and_what_they_may(console: House) -> None:
    headers = {role: await token_of(console, role) for role in ROLES}
    walked = 0
    async with console.http("console") as http:
        for method, path, operation in await operations(console):
            role, url, body = needed(operation), filled(path), BODIES.get(f"{method} {path}")
            nobody = await http.request(method, url, json=body)
            wrong = await http.request(method, url, json=body, headers={"Authorization": "Bearer lst_0_wrong"})
            assert (nobody.status_code, wrong.status_code) == (401, 401), f"{method} {path}"
            assert nobody.headers["content-type"] == "application/problem+json"
            for index, one in enumerate(ROLES):
                if path == "/v1/live" and index >= ROLES.index(role):
                    continue  # it does not end
                answer = await http.request(method, url, json=body, headers=headers[one])
                assert is_refused(answer) == (index < ROLES.index(role)), f"{method} {path} as {one}"
                assert answer.status_code < 500, f"{method} {path} as {one}: {answer.text}"
            walked += 1
    assert walked >= len(BODIES)


async def test_a_token_can_be_limited_to_every_area_there_is(console: House) -> None:
    areas = {path.split("/")[2] for _, path, _ in await operations(console)}
    assert areas - {"me"} <= set(KINDS)


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(17):
        yield b"[" * (BODY_MAX // 16)


async def test_what_is_not_there_is_a_problem_object_and_never_a_fault(console: House) -> None:
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        for method, path, _ in await operations(console):
            if "{" in path:
                answer = await http.request(method, filled(path), json=BODIES.get(f"{method} {path}"))
                assert answer.status_code in (403, 404), f"{method} {path}: {answer.text}"
                assert set(answer.json()) == {"type", "title", "status", "detail"}
        large = await http.post(
            "/v1/blocks", content=b"[" * (BODY_MAX + 1), headers={"Content-Type": "application/json"}
        )
        assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")
        chunked = await http.post("/v1/blocks", content=pieces(), headers={"Content-Type": "application/json"})
        assert (chunked.status_code, chunked.headers["content-type"]) == (413, "application/problem+json")
        for method, url, status in (
            ("GET", "/v1/nothing", 404),
            ("PUT", "/v1/blocks", 405),
            ("POST", "/v1/blocks", 422),
        ):
            answer = await http.request(method, url)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_every_operation_that_acts_is_known_here_and_in_the_audit(console: House) -> None:
    acting = {f"{method} {path}" for method, path, _ in await operations(console) if method != "GET"}
    assert acting == set(BODIES)
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        for method, path, _ in await operations(console):
            if method == "GET":
                continue
            before = (await http.get("/v1/audit/verify")).json()["entries"]
            answer = await http.request(method, filled(path), json=BODIES[f"{method} {path}"])
            after = (await http.get("/v1/audit/verify")).json()["entries"]
            assert after == before + 1 or not answer.is_success, f"{method} {path} is not in the audit"

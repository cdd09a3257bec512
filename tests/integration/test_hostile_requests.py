"""Requests that were made to hurt: odd characters, types, sizes and clients that take their time. Nothing is a fault of ours."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from longstop.services import NAMES
from services.console.http.pages import showing
from shared.web import patience
from tests.access_table import TABLE
from tests.people import OURS, account_of, bootstrap, browser
from tests.services import House, house
from tests.waiting import until

#: What a path, a query or a field may hold that a database, a header or a parser would rather not have.
ODD = (
    "\0",
    "\x1b[2J",
    "\u202e",
    "\ud7ff\ue000",
    "%",
    "'--",
    '"*',
    "a" * 250,
    "[",
    "\r\nX-Injected: 1",
    "9" * 30,
    "-1",
    "//evil.example",
    "..",
)

#: What no word of a request changes: once is enough.
BLIND = ("/livez", "/readyz", "/metrics", "/openapi.json")

#: Bodies that are not what they say, by content type.
BODIES: list[tuple[str, bytes]] = [
    ("", b"x"),
    ("text/xml", b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"),
    ("application/json", b"[" * 100_000),
    ("application/json", b'{"a":' * 50_000),
    ("application/json", b'{"value":"\\ud800","name":"\\ud800","comment":"\\ud800"}'),
    ("application/json", b'{"value":1e999,"limit":-0}'),
    ("application/json", b"\xff\xfe\x00"),
    ("application/json; charset=utf-16", b"\xff\xfe{\x00}\x00"),
    ("application/x-www-form-urlencoded", b"csrf=%ff&name=%00&" + b"a=1&" * 2_000),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 5_000),
    ("multipart/form-data; boundary=x; charset=unicode_escape", b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\\ud800\r\n--x--\r\n'),
    ("multipart/form-data; boundary=x; charset=zlib", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\x9c\r\n--x--\r\n'),
    ("application/msgpack", b"\xdd\xff\xff\xff\xff" * 100),
    ("message/rfc822", b"\0" * 1_000),
]  # fmt: skip


@pytest.fixture
async def everything(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(NAMES, redis_url, prefix, data_dir) as made:
        yield made


@pytest.fixture
async def stored(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(NAMES, redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


def urls(name: str, *methods: str) -> list[tuple[str, str]]:
    """The routes of a service with these methods."""
    found = [route.split(" ", 1) for route in TABLE[name]]
    return [(method, path) for method, path in found if method in methods and path != "/v1/live"]


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.timeout(400)
async def test_whatever_stands_in_a_path_or_a_query_is_answered(stored: House) -> None:
    for name in NAMES:
        async with stored.http(name) as http:
            if name == "console":
                http.headers.update(bootstrap(stored))
            answer = await http.get("/openapi.json")
            documented = answer.json()["paths"] if answer.status_code == 200 else {}
            for odd in ODD:
                for method, path in urls(name, "GET", "DELETE"):
                    if path in BLIND and odd is not ODD[0]:
                        continue
                    names = [one["name"] for one in documented.get(path, {}).get("get", {}).get("parameters", [])]
                    query = dict.fromkeys(names or ("q", "view", "done", "name", "before", "value", "kind"), odd)
                    told = await http.request(method, re.sub(r"\{[^}]+\}", quoted(odd), path), params=query)
                    assert told.status_code < 500, f"{name} {method} {path} with {odd!r}: {told.text[:200]}"
                    assert "x-injected" not in told.headers


@pytest.mark.timeout(400)
async def test_whatever_a_body_is_it_is_answered(everything: House) -> None:
    for name in NAMES:
        async with everything.http(name) as http:
            if name == "console":
                http.headers.update(bootstrap(everything))
            for method, path in urls(name, "POST", "PATCH"):
                for kind, body in BODIES:
                    told = await http.request(
                        method, re.sub(r"\{[^}]+\}", "1-1", path), content=body, headers={"Content-Type": kind}
                    )
                    assert told.status_code < 500, f"{name} {method} {path} with {kind}: {told.text[:200]}"  # fmt: skip


@pytest.mark.timeout(400)
async def test_forms_with_odd_fields_are_refused_or_taken_and_never_a_fault(
    stored: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "SEEN_S", 0)
    password = await account_of(stored, "ana", "admin")
    async with browser(stored, "ana", password) as http:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await http.get("/")).text)
        assert found
        forms = [path for method, path in urls("console", "POST") if not path.startswith(("/v1/", "/sign-"))]
        fields = (
            "ids",
            "entries",
            "name",
            "query",
            "path",
            "text",
            "value",
            "kind",
            "days",
            "comment",
            "reason",
            "act",
            "decision",
        )
        likely = {"act": "decide", "kind": "address", "decision": "approved", "category": "spam", "reason": "case 12", "ids": "nothing"}  # fmt: skip
        for path in forms:
            for odd in ODD:
                given = {**dict.fromkeys(fields, odd), "csrf": found[1]}
                for form in (
                    given,
                    {**given, **likely},
                    {**given, **likely, "act": "tag"},
                    {**given, **likely, "act": "drop"},
                ):
                    told = await http.post(re.sub(r"\{[^}]+\}", "1-1", path), data=form, headers=OURS)
                    assert told.status_code < 500, f"{path} with {odd!r}: {told.text[:200]}"
                    assert told.headers.get("location", "/").startswith("/")
                    assert not told.headers.get("location", "/").startswith("//")


async def test_a_moment_of_any_year_is_taken_or_refused(stored: House) -> None:
    async with stored.http("console") as http:
        http.headers.update(bootstrap(stored))
        for moment in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-13-01T00:00:00Z"):
            entry = {"kind": "address", "value": "a@b.example", "expires_at": moment}
            assert (await http.post("/v1/blocks", json=entry)).status_code in (202, 422)
            assert (await http.post("/v1/tokens", json={"name": "a", "expires_at": moment})).status_code in (201, 422)
    async with stored.http("blocklist") as http:
        for said in ("Mon, 01 Jan 99999999999 10:00:00 GMT", "Mon, 99 Foo 9999 99:99:99 GMT", "x" * 1_000):
            assert (await http.get("/maps/from", headers={"If-Modified-Since": said})).status_code == 200
    assert await stored.said("dead.v1") == []


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65_536


async def test_a_body_that_does_not_end_is_refused_everywhere(
    everything: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LINGER_MAX_S", 0.1)
    heads = {"Content-Type": "application/json"}
    for name in NAMES:
        async with everything.http(name) as http:
            if name == "console":
                http.headers.update(bootstrap(everything))
            for method, path in urls(name, "POST", "PATCH"):
                if path in ("/v1/reports", "/v1/quarantine", "/v1/imports"):
                    continue  # mails and lists are larger: `test_ingest.py`, `test_exchange.py`
                try:
                    told = await http.request(
                        method, re.sub(r"\{[^}]+\}", "1-1", path), content=endless(), headers=heads
                    )
                except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
                    continue  # the connection was closed while we were still sending
                assert 400 <= told.status_code < 500, f"{name} {method} {path}: {told.status_code}"


@pytest.mark.parametrize(
    "said",
    [
        b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na", b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"],
    ids=["nothing", "half a head", "half a body", "a chunk and no more"],
)  # fmt: skip
async def test_who_keeps_a_connection_waiting_loses_it(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(patience, "HEAD_MAX_S", 0.3)
    monkeypatch.setattr(patience, "PIECE_MAX_S", 0.3)
    async with house(("console",), redis_url, prefix, data_dir) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.ports["console_port"])
        writer.write(said)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_who_drips_is_cut_off_and_who_waits_for_events_is_not(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_MAX_S", 0.3)
    monkeypatch.setattr(patience, "PIECE_MAX_S", 5)
    monkeypatch.setattr(patience, "BODY_MAX_S", 0.5)
    async with house(("console",), redis_url, prefix, data_dir) as made, made.http("console") as http:
        asked = http.stream("GET", "/v1/live", headers=bootstrap(made))
        async with asked as live:
            for head in (
                b"GET / HTTP/1.1\r\n",
                b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n",
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", made.ports["console_port"])
                writer.write(head)
                ended = asyncio.create_task(reader.read())
                while not ended.done():
                    writer.write(b"x")
                    await asyncio.wait({ended}, timeout=0.05)
                if not isinstance(ended.exception(), ConnectionResetError):  # cut off while it still dripped
                    assert ended.result().startswith(b"HTTP/1.1 408 ")
                writer.close()
            assert live.status_code == 200
            await made.redis.xadd(f"{prefix}:case.opened.v1", {"data": json.dumps({"case_id": "c", "report_id": "r", "category": "phishing", "subject": "s", "from_address": "e@evil.example"})})  # fmt: skip
            async for line in live.aiter_lines():
                if line.startswith("data:"):
                    break


async def test_who_does_not_read_the_answer_loses_the_connection(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "READ_MAX_S", 0.3)
    async with house(("console",), redis_url, prefix, data_dir) as made:
        (running,) = made._running
        connections = running._http._server.server_state.connections
        _, writer = await asyncio.open_connection("127.0.0.1", made.ports["console_port"], limit=1)
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200)

        async def is_gone() -> bool:
            return not connections

        await until(is_gone)
        writer.close()


async def test_every_answer_is_nobodys_frame_and_kept_nowhere(everything: House) -> None:
    for name in NAMES:
        async with everything.http(name) as http:
            for headers in ({}, {"Accept": "text/html"}, bootstrap(everything) if name == "console" else {}):
                for path in (
                    "/livez",
                    "/metrics",
                    "/nothing",
                    "/",
                    "/v1/blocks",
                    "/q/x",
                    "/cases/none",
                    "/openapi.json",
                    "/%00",
                    "/v1/me",
                ):
                    for method in ("GET", "POST", "OPTIONS"):
                        told = await http.request(method, path, headers=headers)
                        where = f"{name} {method} {path} {told.status_code}"
                        assert told.headers["x-content-type-options"] == "nosniff", where
                        assert told.headers["x-frame-options"] == "DENY", where
                        assert "frame-ancestors 'none'" in told.headers["content-security-policy"], where
                        assert told.headers["cache-control"] == "no-store", where
                        assert "access-control-allow-origin" not in told.headers, where
                        assert "server" not in told.headers, where

"""A browser's session in the console: whose it is, when it ends, and what nobody else can make of it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.people import OURS, account_of, bootstrap, browser, token_of
from tests.services import House, house

TLS = {"X-Forwarded-Proto": "https"}


@pytest.fixture
async def console(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir, trusted_proxies=("127.0.0.0/8",)) as made:
        yield made


def csrf_on(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


async def test_a_session_that_a_browser_brings_is_never_taken_over_by_who_signs_in(console: House) -> None:
    password = await account_of(console, "ana", "analyst")
    async with console.http("console") as http, console.http("console") as thief:
        for brought in ("a" * 43, "chosen-by-eve"):
            http.cookies.set("longstop_session", brought)
            signed_in = await http.post("/sign-in", data={"name": "ana", "password": password})
            given = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
            assert given != brought
            for cookie in (brought, ""):
                assert (await thief.get("/v1/me", headers={"Cookie": f"longstop_session={cookie}"})).status_code == 401


async def test_who_signs_in_again_in_the_same_browser_leaves_no_open_session_behind(console: House) -> None:
    password = await account_of(console, "ana", "analyst")
    async with browser(console, "ana", password) as http:
        before = http.cookies["longstop_session"]
        await http.post("/sign-in", data={"name": "ana", "password": password})
        assert (await http.get("/v1/me")).status_code == 200
    async with console.http("console") as thief:
        assert (await thief.get("/v1/me", headers={"Cookie": f"longstop_session={before}"})).status_code == 401


async def test_over_tls_a_cookie_that_another_host_of_the_domain_may_have_set_is_no_session(console: House) -> None:
    password = await account_of(console, "eve", "analyst")
    async with browser(console, "eve", password) as http:
        hers = http.cookies["longstop_session"]
    async with console.http("console") as victim:
        tossed = {"Cookie": f"longstop_session={hers}"}
        assert (await victim.get("/v1/me", headers=tossed)).status_code == 200
        assert (await victim.get("/v1/me", headers={**tossed, **TLS})).status_code == 401
        host_only = {"Cookie": f"__Host-longstop_session={hers}"}
        assert (await victim.get("/v1/me", headers={**host_only, **TLS})).status_code == 200


async def test_all_of_ones_sessions_end_at_once_and_nobody_elses(console: House) -> None:
    passwords = {name: await account_of(console, name, "viewer") for name in ("ana", "bob")}
    for by in ("page", "api"):
        async with (
            browser(console, "ana", passwords["ana"]) as here,
            browser(console, "ana", passwords["ana"]) as there,
            browser(console, "bob", passwords["bob"]) as bob,
        ):
            if by == "page":
                page = await here.get("/settings")
                assert "Sign out everywhere" in page.text
                form = {"csrf": csrf_on(page.text), "everywhere": "true"}
                assert (await here.post("/sign-out", data=form, headers=OURS)).status_code == 303
            else:
                given = {**OURS, "X-Csrf-Token": csrf_on((await here.get("/")).text)}
                assert (await here.delete("/v1/me/sessions", headers=given)).status_code == 204
            assert [(await one.get("/v1/me")).status_code for one in (here, there, bob)] == [401, 401, 200]


async def test_who_signed_in_with_a_token_for_one_area_can_sign_out(console: House) -> None:
    token = (await token_of(console, "viewer", kinds=["cases"]))["Authorization"].removeprefix("Bearer ")
    async with console.http("console") as http:
        assert (await http.post("/sign-in", data={"token": token})).status_code == 303
        csrf = csrf_on((await http.get("/cases")).text)
        assert (await http.post("/sign-out", data={"csrf": csrf}, headers=OURS)).status_code == 303
        assert (await http.get("/cases")).status_code == 401


async def test_another_sites_page_signs_nobody_in(console: House) -> None:
    password = await account_of(console, "eve", "viewer")
    async with console.http("console") as http:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):  # fmt: skip
            answer = await http.post("/sign-in", data={"name": "eve", "password": password}, headers=headers)
            assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/\t/evil.example", "///evil.example", "//[", "javascript:alert(1)", "/%0d%0aX-Injected:1", "/\r\nX-Injected: 1", "", "evil.example", "/.//evil.example", "http:/evil.example"],
)  # fmt: skip
async def test_a_form_leads_to_no_other_site(console: House, path: str) -> None:
    password = await account_of(console, "ana", "analyst")
    async with browser(console, "ana", password) as http:
        form = {"csrf": csrf_on((await http.get("/")).text), "path": path, "reason": "case 12", "decision": "denied", "ids": "none"}  # fmt: skip
        for where in (f"/mails/{'a' * 64}/why", "/quarantine/act", "/blocks/none/remove"):
            answer = await http.post(where, data=form, headers=OURS)
            to = answer.headers["location"]
            assert answer.status_code == 303
            assert to.startswith("/")
            assert not to.startswith(("//", "/\\", "/\t"))
            assert urlsplit(to).netloc == ""
            assert "x-injected" not in answer.headers


async def test_what_a_host_header_says_is_in_no_answer(console: House) -> None:
    async with console.http("console") as http:
        for headers in (
            {"Host": "evil.example"},
            {"X-Forwarded-Host": "evil.example"},
            {"Forwarded": "host=evil.example"},
        ):
            for path in ("/sign-in", "/", "/v1/me", "/nothing", "/static/"):
                for accept in ({}, {"Accept": "text/html"}, bootstrap(console)):
                    answer = await http.get(path, headers={**headers, **accept})
                    assert "evil.example" not in answer.text + str(answer.headers)


async def test_a_person_is_told_what_went_wrong_on_a_page_and_a_program_in_an_object(console: House) -> None:
    password = await account_of(console, "ana", "viewer")
    async with browser(console, "ana", password) as http:
        for path, status in (("/nothing", 404), ("/cases/none", 404), ("/blocks/preview?kind=nothing", 422), ("/audit", 403), ("/reports?days=x", 422)):  # fmt: skip
            page = await http.get(path, headers={"Accept": "text/html"})
            assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8"), path
            assert (await http.get(path)).headers["content-type"] == "application/problem+json", path

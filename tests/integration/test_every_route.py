"""Every route of every service, asked by who may not: found by walking the applications, decided in `tests/access_table.py`."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from longstop.services import NAMES
from services.console.rules.access import ROLES, Role
from shared.links import Capability, Keyring, Purpose, keyring_of
from tests.access_table import TABLE, Who
from tests.mails import mail
from tests.people import OURS, account_of, browser, token_of
from tests.portal import ANA, hold
from tests.portal import browser as person
from tests.services import House, house

#: With every part that brings routes of its own.
EVERYTHING: dict[str, Any] = {
    "analysers": ("local", "http"),
    "http_analyser_url": "http://127.0.0.1:9/",
    "http_analyser_secret": "between the two of us, and nobody else",
    "oidc_issuer": "http://127.0.0.1:9",
    "oidc_client_id": "longstop",
}

#: An id of each form that routes ask for, of nothing that is there.
IDS = {"sha256": "a" * 64, "entry": "1-1", "name": "nobody", "recipient": ANA, "wanted": "release", "what": "reports"}

TOKEN = "a-token-of-the-doors-that-nobody-guesses"

#: What answers for as long as one listens.
ENDLESS = "/v1/live"


@pytest.fixture
async def doors(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    """All services, bound to more than loopback, so that doors ask for the token."""
    async with house(NAMES, redis_url, prefix, data_dir, bind="0.0.0.0", api_token=TOKEN, **EVERYTHING) as made:
        yield made


@pytest.fixture
async def console(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir) as made:
        yield made


def routes(found: Iterable[Any]) -> Iterator[Any]:
    for route in found:
        if hasattr(route, "original_router"):  # how FastAPI includes a router
            yield from routes(route.original_router.routes)
        else:
            yield route


def parts_of(dependant: Any) -> Iterator[Any]:
    """What FastAPI calls for a route: its function and everything that this depends on."""
    yield dependant
    for one in dependant.dependencies:
        yield from parts_of(one)


def decided(service: str, *who: Who) -> list[tuple[str, str]]:
    """The routes of a service that these may ask, as method and path with ids of nothing."""
    found = [route.split(" ", 1) for route, one in TABLE[service].items() if one in who]
    filled = [
        (method, re.sub(r"\{(\w+)(?::path)?\}", lambda part: IDS.get(part[1], "nothing"), path))
        for method, path in found
    ]
    return [(method, path.replace("/maps/nothing", "/maps/from")) for method, path in filled]


async def test_a_route_without_a_decision_about_who_may_ask_it_is_a_fault(doors: House) -> None:
    for one in doors._running:
        there = {f"{method} {route.path}" for route in routes(one._parts.app.routes) for method in route.methods}
        assert there == set(TABLE[one.name]), f"{one.name}: decide in tests/access_table.py who may ask"


async def test_no_route_takes_a_thread_of_its_own(doors: House) -> None:
    """A plain function is run in one, which costs an answer more than most of them do."""
    plain = [
        f"{one.name} {route.path}: write async def {part.call}"
        for one in doors._running
        for route in routes(one._parts.app.routes)
        if hasattr(route, "dependant")
        for part in parts_of(route.dependant)
        if not any(map(iscoroutinefunction, (part.call, type(part.call).__call__)))
    ]
    assert plain == []


async def test_a_door_opens_to_its_token_alone(doors: House) -> None:
    wrong: list[dict[str, Any]] = [
        {}, {"headers": {"Authorization": "Bearer wrong"}}, {"headers": {"Authorization": f"Basic {TOKEN}"}},
        {"headers": {"Authorization": f"Bearer {TOKEN[:-1]}"}}, {"headers": {"Authorization": TOKEN}},
        {"headers": {"Authorization": f"Bearer {TOKEN} {TOKEN}"}}, {"params": {"token": TOKEN, "access_token": TOKEN}},
        {"headers": {"Cookie": f"token={TOKEN}; longstop_session={TOKEN}"}}, {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    ]  # fmt: skip
    for name in NAMES:
        async with doors.http(name) as http:
            for method, path in decided(name, "token"):
                for given in wrong:
                    answer = await http.request(method, path, **given)
                    assert answer.status_code == 401, f"{name} {method} {path} with {given}"
                    assert answer.headers["www-authenticate"] == "Bearer"
                right = await http.request(method, path, headers={"Authorization": f"Bearer {TOKEN}"})
                assert right.status_code not in (401, 500), f"{name} {method} {path}: {right.text}"
            for method, path in decided(name, "signature"):
                for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
                    assert (await http.request(method, path, content=b"{}", headers=headers)).status_code == 401
            for method, path in decided(name, "anybody"):
                answer = await http.request(method, path)
                assert answer.status_code in (200, 404), f"{name} {method} {path}"


@pytest.mark.parametrize("name", [name for name in NAMES if "token" in TABLE[name].values()])
async def test_without_a_token_a_door_answers_programs_of_this_machine_and_no_web_page(
    redis_url: str, prefix: str, data_dir: Path, name: str
) -> None:
    pages = [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
        {"Host": "evil.example"}, {"Host": "evil.example:8081", "Origin": "http://evil.example:8081", "Sec-Fetch-Site": "same-origin"},
        {"Host": "127.0.0.1.evil.example"}, {"Host": "localhost.evil.example"}, {"Host": "[::1"},
    ]  # fmt: skip
    async with house((name,), redis_url, prefix, data_dir) as made, made.http(name) as http:
        for method, path in decided(name, "token"):
            for headers in pages:
                answer = await http.request(method, path, headers=headers)
                assert answer.status_code in (403, 421), f"{method} {path} with {headers}"
            for host in ("localhost", "127.0.0.1:1", "[::1]:8081", "longstop.localhost"):
                answer = await http.request(method, path, headers={"Host": host})
                assert answer.status_code not in (403, 421), f"{method} {path} to {host}"


def is_refused(answer: httpx.Response) -> bool:
    """Whether it is the role that is not enough."""
    return answer.status_code == 403 and "this needs the role" in answer.text.lower()


@pytest.mark.parametrize("by", ["token", "session"])
async def test_each_role_reaches_what_it_may_and_nothing_above(console: House, by: str) -> None:
    for index, role in enumerate(ROLES):
        async with who(console, role, by) as http:
            for needed in ROLES:
                for method, path in decided("console", needed):
                    if path in (ENDLESS, "/sign-out", "/v1/me/sessions"):
                        continue
                    answer = await http.request(method, path)
                    told = f"{method} {path} as {role} by {by}: {answer.status_code}"
                    if by == "session" and method != "GET" and index >= ROLES.index(needed):
                        assert answer.status_code == 403, (
                            told
                        )  # where it is from, and the form's own token, are missing
                    else:
                        assert is_refused(answer) == (index < ROLES.index(needed)), told
                    assert answer.status_code != 500, told


@asynccontextmanager
async def who(console: House, role: Role, by: str) -> AsyncIterator[httpx.AsyncClient]:
    async with console.http("console") as http:
        if by == "token":
            http.headers.update(await token_of(console, role))
        else:
            password = await account_of(console, f"a-{role}", role)
            assert (await http.post("/sign-in", data={"name": f"a-{role}", "password": password})).status_code == 303
        yield http


async def test_nobody_is_let_in_without_saying_who_they_are(console: House) -> None:
    odd: list[dict[str, str]] = [
        {}, {"Authorization": "Bearer lst_0_wrong"}, {"Authorization": "Bearer"}, {"Cookie": "longstop_session=" + "a" * 43},
        {"Cookie": "__Host-longstop_session=a"}, {"X-Forwarded-User": "admin"}, {"X-User": "admin", "X-Forwarded-For": "127.0.0.1"},
    ]  # fmt: skip
    async with console.http("console") as http:
        for method, path in decided("console", *get_args(Role)):
            for headers in odd:
                answer = await http.request(method, path, headers=headers)
                assert answer.status_code == 401, f"{method} {path} with {headers}"
            page = await http.request(method, path, headers={"Accept": "text/html"})
            assert page.status_code == (303 if method == "GET" else 401)
            assert page.headers.get("location", "/sign-in") == "/sign-in"


async def test_another_persons_view_is_neither_seen_nor_dropped(console: House) -> None:
    passwords = {name: await account_of(console, name, "admin") for name in ("ana", "bob")}
    async with browser(console, "ana", passwords["ana"]) as ana, browser(console, "bob", passwords["bob"]) as bob:
        mine = csrf_on((await ana.get("/cases")).text)
        await ana.post("/views", data={"csrf": mine, "name": "Only for Ana", "query": "view=all"}, headers=OURS)
        found = re.search(r"/views/(\w+)/drop", (await ana.get("/cases")).text)
        assert found
        theirs = csrf_on((await bob.get("/cases")).text)
        assert "Only for Ana" not in (await bob.get("/cases")).text
        await bob.post(f"/views/{found[1]}/drop", data={"csrf": theirs}, headers=OURS)
        assert "Only for Ana" in (await ana.get("/cases")).text
        foreign = await bob.post(f"/views/{found[1]}/drop", data={"csrf": mine}, headers=OURS)
        assert foreign.status_code == 403


def csrf_on(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


async def test_a_link_opens_its_own_purpose_recipient_mail_and_installation_alone(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(("portal",), redis_url, prefix, data_dir, trusted_proxies=("127.0.0.0/8",)) as portal:
        await hold(portal, mail(subject="Only for Ana"))
        settings: Any = next(one for one in portal._running)._room.settings
        ours, at, day = keyring_of(settings), datetime.now(UTC), timedelta(days=1)
        mine = Capability(ANA, "held-1")

        def tokens(purpose: Purpose) -> dict[str, str]:
            others: list[Purpose] = [one for one in get_args(Purpose) if one != purpose]
            return {
                **{f"for {other}": ours.sign(other, mine, at=at, lasts=day) for other in others},
                "of another installation": Keyring(settings.link_keys(), "other").sign(purpose, mine, at=at, lasts=day),
                "with another key": Keyring(["k" * 43], portal.prefix).sign(purpose, mine, at=at, lasts=day),
                "that is over": ours.sign(purpose, mine, at=at - 2 * day, lasts=day),
                "of the future": ours.sign(purpose, mine, at=at + day, lasts=day),
                "that was changed": ours.sign(purpose, mine, at=at, lasts=day)[:-2] + "xx",
            }  # fmt: skip

        purposes: dict[str, Purpose] = {"q": "mail", "m": "mails", "p": "preferences", "unsubscribe": "unsubscribe"}
        clients = (f"192.0.2.{n}" for n in range(256))  # who tries many is slowed down, and told so
        for route in (route for route, one in TABLE["portal"].items() if one == "link"):
            method, path = route.split(" ")
            for what, token in tokens(purposes[path.split("/")[1]]).items():
                async with person(portal, **{"x-forwarded-for": next(clients)}) as http:
                    answer = await http.request(method, path.format(token=token))
                assert answer.status_code == 404, f"{route} {what}"
                assert "Only for Ana" not in answer.text
        theirs = ours.sign("mail", Capability("eve@example.org", "held-1"), at=at, lasts=day)
        for method, path in (route.split(" ") for route in TABLE["portal"] if "/q/" in route):
            async with person(portal) as http:
                answer = await http.request(method, path.format(token=theirs))
            assert answer.status_code in (400, 404) or answer.text == '{"state":""}', f"{method} {path}"
            assert "Only for Ana" not in answer.text

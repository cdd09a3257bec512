"""Webhooks for people: by command and on the page of settings; the secret is told once, and only admins get that far."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.console import webhooks
from shared.events import CaseOpened
from shared.signatures import is_signed
from tests.command_line import longstop
from tests.hook_receiver import Receiver, receiving
from tests.people import OURS, account_of, browser
from tests.services import House, house
from tests.waiting import until

OPENED = CaseOpened(case_id="c", report_id="r", category="phishing", subject="x", from_address="e@evil.example")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def console(redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(webhooks, "FIRST_WAIT", timedelta(milliseconds=1))
    monkeypatch.setattr(webhooks, "LONGEST_WAIT", timedelta(milliseconds=4))
    async with house(("console",), redis_url, prefix, data_dir) as made:
        yield made


async def given_up(console: House) -> bool:
    (hook,) = (await longstop(console, "webhook", "list", "--json")).rows
    return bool(hook["dead"] == 1)


async def test_a_webhook_is_added_listed_replayed_and_removed_by_commands(console: House, receiver: Receiver) -> None:
    receiver.answers = [400]
    secret = (await longstop(console, "webhook", "add", receiver.url, "--kind", "case.opened")).stdout.strip()
    await console.publish(OPENED)
    await until(lambda: given_up(console))
    table, rows = await longstop(console, "webhook", "list"), await longstop(console, "webhook", "list", "--json")
    assert receiver.url in table.stdout
    assert "it answered 400" in table.stdout
    assert secret
    assert secret not in table.stdout + rows.stdout
    receiver.answers = [204]
    hook_id = rows.rows[0]["id"]
    assert (await longstop(console, "webhook", "replay", hook_id, "--json")).rows == [{"deliveries": 1}]

    async def there() -> bool:
        return len(receiver.heard) == 1

    await until(there)
    ((_, body, headers),) = receiver.heard
    assert is_signed(body, secret, headers["x-longstop-timestamp"], headers["x-longstop-signature"])
    assert (await longstop(console, "webhook", "remove", hook_id)).exit_code == 0
    assert (await longstop(console, "webhook", "list", "--json")).rows == []


@pytest.mark.parametrize("words", [("remove", "../tokens"), ("replay", "nothing"), ("remove", "0")])
async def test_what_is_no_webhook_fails_in_one_line(console: House, words: tuple[str, ...]) -> None:
    told = await longstop(console, "webhook", *words)
    assert (told.exit_code, told.stdout) == (1, "")
    assert len(told.stderr.splitlines()) == 1


async def test_an_address_that_no_webhook_can_have_is_wrong_usage(console: House) -> None:
    told = await longstop(console, "webhook", "add", "ftp://x")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "ftp" not in told.stdout


async def form(http: Any, path: str, **fields: Any) -> Any:
    """What a page's form sends."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', (await http.get("/settings")).text)
    assert csrf
    return await http.post(path, data={"csrf": csrf[1], **fields}, headers={**OURS, "Accept": "text/html"})


async def test_the_page_adds_a_webhook_and_tells_its_secret_once(console: House, receiver: Receiver) -> None:
    receiver.answers = [400]
    async with browser(console, "ana", await account_of(console, "ana", "admin")) as http:
        made = await form(http, "/settings/webhooks", url=receiver.url, kinds=["case.opened", "block.hit"])
        assert made.status_code == 200
        secret = re.search(r'<code class="secret">([^<]+)</code>', made.text)
        assert secret
        await console.publish(OPENED)
        await until(lambda: given_up(console))
        page = (await http.get("/settings")).text
        assert secret[1] not in page
        assert "case.opened, block.hit" in page
        assert "it answered 400" in page
        (hook_id,) = re.findall(r"/settings/webhooks/(\w+)/again", page)
        receiver.answers = [204]
        assert "hook_again" in (await form(http, f"/settings/webhooks/{hook_id}/again")).headers["location"]

        async def there() -> bool:
            return len(receiver.heard) == 1

        await until(there)
        await form(http, f"/settings/webhooks/{hook_id}/remove")
        assert receiver.url not in (await http.get("/settings")).text
        acts = (await http.get("/audit", params={"name": "ana"})).text
        assert all(act in acts for act in ("webhook.added", "webhook.tried_again", "webhook.removed"))


async def test_the_page_refuses_what_cannot_be_told_and_shows_analysts_nothing(console: House) -> None:
    async with browser(console, "ana", await account_of(console, "ana", "admin")) as http:
        for wanted in ({"url": "http://user:word@x.example/"}, {"url": "http://x.example/", "kinds": ["no.event"]}):
            assert (await form(http, "/settings/webhooks", **wanted)).status_code == 422
    async with browser(console, "ben", await account_of(console, "ben", "analyst")) as http:
        page = (await http.get("/settings")).text
        assert "hooks-head" not in page
        assert (await form(http, "/settings/webhooks", url="http://x.example/")).status_code == 403

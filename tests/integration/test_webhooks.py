"""Webhooks: what happens reaches who asked for it, signed, once it can, and nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.console import webhooks
from services.console.webhooks import ATTEMPTS_MAX
from shared.events import CaseOpened, SubmissionFailed
from shared.signatures import is_signed
from tests.hook_receiver import Receiver, receiving
from tests.people import bootstrap
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def console(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr(webhooks, "FIRST_WAIT", timedelta(milliseconds=1))
    monkeypatch.setattr(webhooks, "LONGEST_WAIT", timedelta(milliseconds=4))
    async with house(("console",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


def opened(number: int) -> CaseOpened:
    return CaseOpened(
        case_id=f"c{number}",
        report_id=f"r{number}",
        category="phishing",
        subject="a secret",
        from_address="e@evil.example",
    )


async def hook(console: House, url: str, kinds: list[str]) -> dict[str, Any]:
    async with console.http("console") as http:
        made = await http.post("/v1/webhooks", json={"url": url, "kinds": kinds}, headers=bootstrap(console))
    assert made.status_code == 201, made.text
    return dict(made.json())


async def state(console: House) -> dict[str, Any]:
    async with console.http("console") as http:
        (found,) = (await http.get("/v1/webhooks", headers=bootstrap(console))).json()["items"]
    return dict(found)


async def test_chosen_events_arrive_signed_and_hold_nothing_of_a_mail(console: House, receiver: Receiver) -> None:
    made = await hook(console, receiver.url, ["case.opened"])
    for number in range(5):
        await console.publish(opened(number))
        await console.publish(
            SubmissionFailed(submission_id=f"s{number}", case_id=f"c{number}", reason="x", attempts=1)
        )

    async def there() -> bool:
        return len(receiver.heard) == 5

    await until(there)
    assert {event["subject"] for event, _, _ in receiver.heard} == {f"c{number}" for number in range(5)}
    for event, body, headers in receiver.heard:
        assert event["type"] == "longstop.case.opened.v1"
        assert is_signed(body, made["secret"], headers["x-longstop-timestamp"], headers["x-longstop-signature"])
        assert headers["content-type"] == "application/cloudevents+json"
        assert b"a secret" not in body
        assert b"evil.example" not in body


async def test_a_receiver_that_was_away_gets_everything_once_it_is_back(console: House, receiver: Receiver) -> None:
    receiver.answers = [500, 503, 429, 204]
    await hook(console, receiver.url, [])
    for number in range(30):
        await console.publish(opened(number))

    async def there() -> bool:
        return len(receiver.heard) == 30

    await until(there)
    assert len({event["id"] for event, _, _ in receiver.heard}) == 30
    assert (await state(console))["dead"] == 0


async def test_what_a_receiver_refuses_is_given_up_with_a_note_and_tried_again_when_asked(
    console: House, receiver: Receiver
) -> None:
    receiver.answers = [400]
    made = await hook(console, receiver.url, [])
    await console.publish(opened(1))

    async def is_dead() -> bool:
        return bool((await state(console))["dead"] == 1)

    await until(is_dead)
    assert receiver.asked == ATTEMPTS_MAX
    assert (await state(console))["note"] == "it answered 400"
    receiver.answers = [204]
    async with console.http("console") as http:
        again = await http.post(f"/v1/webhooks/{made['id']}/again", headers=bootstrap(console))
    assert again.json() == {"deliveries": 1}

    async def there() -> bool:
        return len(receiver.heard) == 1

    await until(there)


async def test_a_redirect_is_not_followed(console: House, receiver: Receiver) -> None:
    receiver.answers = [307, 204]
    await hook(console, receiver.url, [])
    await console.publish(opened(1))

    async def told() -> bool:
        return bool(receiver.heard)

    await until(told)
    assert receiver.asked == 2


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "http://user:word@x.example/", "file:///etc/passwd", "http://", "http://x.example/#a", "javascript:alert(1)", "http://x y/"]
)  # fmt: skip
async def test_only_plain_http_urls_are_taken(console: House, url: str) -> None:
    async with console.http("console") as http:
        made = await http.post("/v1/webhooks", json={"url": url}, headers=bootstrap(console))
    assert made.status_code == 422


async def test_a_hook_that_is_gone_is_told_nothing_more(console: House, receiver: Receiver) -> None:
    receiver.answers = [500]
    made = await hook(console, receiver.url, [])
    await console.publish(opened(1))

    async def tried() -> bool:
        return receiver.asked > 0

    await until(tried)
    async with console.http("console") as http:
        assert (await http.delete(f"/v1/webhooks/{made['id']}", headers=bootstrap(console))).status_code == 204
        assert (await http.get("/v1/webhooks", headers=bootstrap(console))).json() == {"items": []}

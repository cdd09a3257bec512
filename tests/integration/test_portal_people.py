"""How recipients are told: preferences, leaving by one click, the list of held mails, and what is forgotten of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.events import DigestPreferred, ErasureRequested, QuarantineAsked
from tests.mails import mail
from tests.portal import ANA, act_as_a_person, browser, field, hold, link, links, number_on, path_of
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def portal(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("portal",), redis_url, prefix, data_dir, database_url=database_url, portal_pause_s=0) as made:
        yield made


def path(made: House, which: str, recipient: str = ANA) -> str:
    return path_of(getattr(links(made), which)(recipient, at=datetime.now(UTC)))


async def told(made: House, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(await made.said(DigestPreferred)) >= count

    await until(enough)
    found: list[dict[str, Any]] = await made.said(DigestPreferred)
    return found


async def send(http: httpx.AsyncClient, where: str, **wish: str) -> httpx.Response:
    """Fill in a form and its number."""
    page = (await http.get(where)).text
    return await http.post(where, data={"confirm": field(page, "confirm"), "number": number_on(page), **wish})


async def test_a_wish_is_kept_told_once_and_shown_in_its_language(portal: House) -> None:
    where = path(portal, "preferences")
    wish = {"frequency": "daily", "hour": "9", "zone": "Asia/Bangkok", "language": "de", "every_hours": ""}
    async with browser(portal) as http:
        assert (await send(http, where, **wish)).status_code == 303
        page = (await http.get(where)).text
        assert '<html lang="de"' in page
        assert 'value="daily" checked' in page
        assert 'value="Asia/Bangkok" selected' in page
        assert (await send(http, where, **wish)).status_code == 303
        assert (await send(http, where, frequency="weekly")).status_code == 303
    first, second = await told(portal, 2)
    assert {name: first[name] for name in ("recipient", "frequency", "hour", "zone", "language")} == {
        "recipient": ANA, "frequency": "daily", "hour": 9, "zone": "Asia/Bangkok", "language": "de"
    }  # fmt: skip
    assert "every_hours" not in first
    assert (second["frequency"], second.get("zone")) == ("weekly", None)
    assert len(await portal.said(DigestPreferred)) == 2


@pytest.mark.parametrize(
    "wish",
    [
        {"frequency": "hourly"},
        {"hour": "24"},
        {"hour": "-1"},
        {"zone": "../../etc/passwd"},
        {"language": "<script>"},
        {"every_hours": "0"},
        {"every_hours": "9" * 60},
    ],
    ids=str,
)
async def test_what_cannot_be_chosen_is_not_taken(portal: House, wish: dict[str, str]) -> None:
    async with browser(portal) as http:
        answer = await send(http, path(portal, "preferences"), **wish)
        assert answer.status_code == 303
        assert (await http.get(path(portal, "preferences"))).status_code == 200
    assert await portal.said(DigestPreferred) == []


async def test_a_wrong_number_keeps_what_was_chosen_and_saves_nothing(portal: House) -> None:
    async with browser(portal) as http:
        answer = await send(http, path(portal, "preferences"), frequency="weekly", number="000")
    assert "That was another number" in answer.text
    assert 'value="weekly" checked' in answer.text
    assert await portal.said(DigestPreferred) == []


async def test_one_click_of_a_mail_client_ends_digests_at_once(portal: House) -> None:
    """RFC 8058, section 3.2: no cookies, no page before, no Origin; the body is all there is. Twice is once."""
    base = f"http://127.0.0.1:{portal.ports['digest_port']}"
    async with httpx.AsyncClient(base_url=base, headers={"user-agent": "Gmail-one-click-bot"}) as http:
        for _ in range(2):
            answer = await http.post(path(portal, "unsubscribe"), data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
        multipart = {"List-Unsubscribe": (None, "One-Click")}
        assert (await http.post(path(portal, "unsubscribe"), files=multipart)).status_code == 200
    (event,) = await told(portal)
    assert (event["recipient"], event["frequency"]) == (ANA, "never")


async def test_without_the_one_click_body_a_post_ends_nothing_and_neither_does_a_get(portal: House) -> None:
    where = path(portal, "unsubscribe")
    async with browser(portal) as http:
        page = await http.get(where)
        assert "Stop telling me" in page.text
        assert (await http.post(where)).status_code == 400
        assert (await http.post(where, data={"List-Unsubscribe": "Two-Clicks"})).status_code == 400
        assert (await send(http, where, number="000")).status_code == 200
        assert await portal.said(DigestPreferred) == []
        assert "You are no longer told" in (await send(http, where)).text
    assert len(await told(portal)) == 1


async def test_a_step_of_one_page_is_good_for_no_other(portal: House) -> None:
    async with browser(portal) as http:
        page = (await http.get(path(portal, "unsubscribe"))).text
        data = {"confirm": field(page, "confirm"), "number": number_on(page), "frequency": "never"}
        assert (await http.post(path(portal, "preferences"), data=data)).status_code == 400
        assert (await http.post(path(portal, "unsubscribe", "ben@example.org"), data=data)).status_code == 400
    assert await portal.said(DigestPreferred) == []


async def test_the_list_shows_what_is_held_for_one_recipient_and_leads_to_each(portal: House) -> None:
    await hold(portal, mail(subject="first of ana"), "held-1")
    await hold(portal, mail(subject="second of ana"), "held-2", permissions=())
    await hold(portal, mail(subject="gone"), "held-3")
    async with browser(portal) as http:
        await act_as_a_person(http, link(portal, "held-3"), "delete")
        page = (await http.get(path(portal, "mails"))).text
        assert "first of ana" in page
        assert "second of ana" not in page
        other = (await http.get(path(portal, "mails", "ben@example.org"))).text
        assert "of ana" not in other
        assert "Nothing is held for you now" in other
        found = [piece.partition('"')[0] for piece in page.split('href="')[1:] if piece.startswith("/q/")]
        assert len(found) == 3
        assert [(await http.get(one)).status_code for one in found] == [200, 200, 200]


@pytest.mark.parametrize("which", ["preview", "headers", "raw"])
async def test_each_look_into_a_mail_needs_its_own_permission(portal: House, which: str) -> None:
    await hold(portal, permissions=("release",))
    async with browser(portal) as http:
        answer = await http.get(f"{link(portal)}/{which}")
        assert answer.status_code == 403
        assert "parcel" not in answer.text
        assert f"/{which}" not in (await http.get(link(portal))).text


async def test_what_a_program_asks_for_that_says_so_is_not_looked_into(portal: House) -> None:
    await hold(portal)
    async with browser(portal, **{"user-agent": "Barracuda Sentinel"}) as http:
        assert (await http.get(f"{link(portal)}/raw")).status_code == 403


async def test_a_person_is_forgotten(portal: House) -> None:
    await hold(portal)
    async with browser(portal) as http:
        await act_as_a_person(http, link(portal), "block")
        await send(http, path(portal, "preferences"), frequency="weekly")
        await portal.publish(ErasureRequested(erasure_id="e", address=ANA, requested_at=datetime.now(UTC)))

        async def is_gone() -> bool:
            return (await http.get(link(portal))).status_code == 404

        await until(is_gone)
        assert 'value="weekly" checked' not in (await http.get(path(portal, "preferences"))).text
    assert len(await portal.said(QuarantineAsked)) == 1


async def test_a_body_larger_than_any_form_is_refused_before_it_is_read(portal: House) -> None:
    async with browser(portal) as http:
        assert (await http.post(link(portal), content=b"x" * 40_000)).status_code == 413

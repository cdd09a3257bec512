"""People's pages: links that show and never act, two steps that act once, what is known of a mail from events in any order."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.portal.wording import words
from shared.events import (
    Event,
    QuarantineAsked,
    QuarantineDeleted,
    QuarantineRefused,
    QuarantineReleased,
    ReleaseDecided,
    ReleaseRequested,
)
from tests.mails import mail
from tests.portal import ANA, act_as_a_person, browser, confirm, field, filed, held, hold, link, number_on, press
from tests.services import House, house
from tests.waiting import until

HOSTILE = "x\r\nBcc: evil@x.example <script>alert(1)</script> \u202egnp.exe pay\u200bpal"


@pytest.fixture
async def portal(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("portal",), redis_url, prefix, data_dir, database_url=database_url, portal_pause_s=0) as made:
        yield made


@pytest.fixture
async def small(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    """The same on one kind of database, for what is about HTTP."""
    async with house(("portal",), redis_url, prefix, data_dir, portal_pause_s=0) as made:
        yield made


async def asked(made: House, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(await made.said(QuarantineAsked)) >= count

    await until(enough)
    found: list[dict[str, Any]] = await made.said(QuarantineAsked)
    return found


async def page_says(made: House, words: str, path: str = "") -> None:
    async def says() -> bool:
        async with browser(made) as http:
            return words in (await http.get(path or link(made))).text

    await until(says)


async def test_opening_a_link_changes_nothing_however_often_and_by_whomever(portal: House) -> None:
    await hold(portal)
    for headers in ({}, {"purpose": "prefetch"}, {"user-agent": "curl/8"}, {"sec-fetch-site": "cross-site"}):
        async with browser(portal, **headers) as http:
            for _ in range(10):
                answer = await http.get(link(portal))
                assert answer.status_code == 200
                assert (await http.head(link(portal))).status_code == 200
    assert "Deliver it to me" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert await portal.said(QuarantineAsked) == []


async def test_a_person_s_two_steps_ask_digest_once(portal: House) -> None:
    await hold(portal)
    async with browser(portal) as http:
        asked_back = await press(http, link(portal), "release")
        assert asked_back.status_code == 200
        assert await portal.said(QuarantineAsked) == []
        for _ in range(3):
            done = await confirm(http, link(portal), asked_back)
            assert done.status_code == 303
        assert "looked at once more and then delivered" in (await http.get(link(portal))).text
    (event,) = await asked(portal)
    assert (event["held_id"], event["recipient"], event["act"], event["by"]) == ("held-1", ANA, "release", ANA)
    await portal.publish(QuarantineReleased(held_id="held-1", recipient=ANA, by=ANA))
    await page_says(portal, "It was delivered to your mailbox.")


async def test_a_second_click_later_is_answered_kindly_and_does_nothing(portal: House) -> None:
    await hold(portal)
    async with browser(portal) as http, browser(portal) as later:
        old_page = (await later.get(link(portal))).text
        await act_as_a_person(http, link(portal), "release")
        data = {"button": field(old_page, "button"), "act": "release"}
        assert (await later.post(link(portal), data=data)).status_code == 303
        assert "looked at once more and then delivered" in (await later.get(link(portal))).text
    assert len(await asked(portal)) == 1


async def test_after_a_second_step_the_same_browser_needs_one_for_eight_hours(small: House) -> None:
    await hold(small)
    await hold(small, mail(subject="other"), "held-2")
    async with browser(small) as http:
        await act_as_a_person(http, link(small), "block")
        assert (await press(http, link(small, "held-2"), "release")).status_code == 303
    assert [one["act"] for one in await asked(small, 2)] == ["block", "release"]


async def test_what_digest_refuses_is_told_and_may_be_asked_for_again(portal: House) -> None:
    await hold(portal)
    async with browser(portal) as http:
        await act_as_a_person(http, link(portal), "release")
        (event,) = await asked(portal)
        refused = QuarantineRefused(
            held_id="held-1", recipient=ANA, ask_id=event["ask_id"], act="release", code="in_progress", reason="busy"
        )
        await portal.publish(refused)
        await page_says(portal, "something else is being done with it")
        await press(http, link(portal), "release")
    again = await asked(portal, 2)
    assert len({one["ask_id"] for one in again}) == 2


async def test_words_of_a_denial_reach_the_recipient_escaped(portal: House) -> None:
    await hold(portal, permissions=("request", "preview"))
    async with browser(portal) as http:
        asked_back = await press(http, link(portal), "request")
        await confirm(http, link(portal), asked_back, comment="I wait for it <b>")
    (event,) = await asked(portal)
    assert event["comment"] == "I wait for it <b>"
    await portal.publish(
        ReleaseDecided(held_id="held-1", recipient=ANA, decision="denied", by="op", comment="<i>It is</i> fraud")
    )
    await page_says(portal, "did not let it through")
    await page_says(portal, "&lt;i&gt;It is&lt;/i&gt; fraud")


ORDERS = list(permutations(range(4)))


@pytest.mark.parametrize("order", [ORDERS[0], ORDERS[9], ORDERS[17], ORDERS[23]])
async def test_events_in_any_order_come_to_the_same_page(small: House, order: tuple[int, ...]) -> None:
    events: list[Event] = [
        held(mail()),
        filed(),
        ReleaseRequested(held_id="held-1", recipient=ANA),
        ReleaseDecided(held_id="held-1", recipient=ANA, decision="denied", by="op"),
    ]
    for number in order:
        await small.publish(events[number])
    await page_says(small, "did not let it through")


async def test_mail_that_policy_closes_is_neither_shown_nor_touched(small: House) -> None:
    await hold(small, mail(subject="Secret plan"), permissions=())
    async with browser(small) as http:
        page = (await http.get(link(small))).text
        assert "Secret plan" not in page
        assert "help desk" in page
        assert "<form" not in page
        assert (await press(http, link(small), "release")).status_code == 400
    assert await small.said(QuarantineAsked) == []


@pytest.mark.parametrize("reason", ["malware", "phishing_high"])
async def test_dangerous_mail_is_never_released_by_its_recipient_whatever_the_policy_says(
    small: House, reason: str
) -> None:
    await hold(small, reason=reason)
    async with browser(small) as http:
        page = (await http.get(link(small))).text
        assert "Ask for it" in page
        assert 'value="release"' not in page
        assert (await press(http, link(small), "release")).status_code == 303
        assert (await http.get(link(small))).text.count('name="act"') == page.count('name="act"')
    assert await small.said(QuarantineAsked) == []


async def test_changed_foreign_expired_and_other_links_open_nothing_and_look_the_same(small: House) -> None:
    from shared.links import Keyring, Links

    await hold(small)
    good = link(small)
    token = good[3:]
    old = Links(Keyring(["another key"], small.prefix), "").page("held-1", ANA, at=datetime.now(UTC))
    bad = [
        f"/q/{token[:-1]}",
        f"/q/{token}A",
        f"/m/{token}",
        f"/p/{token}",
        f"/unsubscribe/{token}",
        old,
        "/q/x",
        "/q/...",
    ]
    pages = []
    async with browser(small) as http:
        for path in bad:
            answer = await http.get(path)
            assert answer.status_code == 404, path
            pages.append(answer.text)
    assert len(set(pages)) == 1


async def test_who_tries_many_links_is_slowed_down(small: House) -> None:
    await hold(small)
    async with browser(small) as http:
        statuses = [(await http.get(f"/q/{number}")).status_code for number in range(25)]
        assert statuses == [404] * 20 + [429] * 5
        assert (await http.get(link(small))).status_code == 429


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example", "sec-fetch-site": ""},
        {"origin": "null", "sec-fetch-site": ""},
        {"origin": "", "sec-fetch-site": ""},
        {"user-agent": "Barracuda Sentinel (EE)"},
        {"user-agent": "python-requests/2.32"},
    ],
    ids=str,
)
async def test_a_post_from_elsewhere_or_by_a_program_does_nothing(small: House, headers: dict[str, str]) -> None:
    await hold(small)
    async with browser(small) as http:
        page = (await http.get(link(small))).text
        for name, value in headers.items():
            if value:
                http.headers[name] = value
            else:
                del http.headers[name]
        data = {"button": field(page, "button"), "act": "delete"}
        assert (await http.post(link(small), data=data)).status_code == 403
    assert await small.said(QuarantineAsked) == []


async def test_a_button_works_in_the_browser_that_was_shown_it_alone(small: House) -> None:
    await hold(small)
    await hold(small, mail(subject="other"), "held-2")
    async with browser(small) as mine, browser(small) as other:
        page = (await mine.get(link(small))).text
        await other.get(link(small))
        data = {"button": field(page, "button"), "act": "delete"}
        assert (await other.post(link(small), data=data)).status_code == 400
        assert (await mine.post(link(small, "held-2"), data=data)).status_code == 400
        assert (await mine.post(link(small), data={"act": "delete"})).status_code == 400
        asked_back = await mine.post(link(small), data=data)
        assert asked_back.status_code == 200
        assert (await confirm(other, link(small), asked_back)).status_code == 400
        assert (await confirm(mine, link(small, "held-2"), asked_back)).status_code == 400
    assert await small.said(QuarantineAsked) == []


async def test_a_second_step_without_its_number_or_with_the_hidden_field_does_nothing(small: House) -> None:
    await hold(small)
    async with browser(small) as http:
        asked_back = await press(http, link(small), "release")
        right = number_on(asked_back.text)
        for wrong in ("", "000", "1234", "x" * 19, f"{int(right) - 1}"):
            answer = await confirm(http, link(small), asked_back, number=wrong)
            assert "That was another number" in answer.text
        answer = await confirm(http, link(small), asked_back, website="https://x.example")
        assert "very quick" in answer.text
        assert await small.said(QuarantineAsked) == []
        assert (await confirm(http, link(small), answer)).status_code == 303
    assert len(await asked(small)) == 1


async def test_a_second_step_at_once_does_nothing(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("portal",), redis_url, prefix, data_dir, portal_pause_s=30) as made, browser(made) as http:
        await hold(made)
        answer = await act_as_a_person(http, link(made), "release")
        assert "very quick" in answer.text
        assert await made.said(QuarantineAsked) == []


async def test_a_hostile_mail_s_words_are_text_and_what_nobody_sees_is_marked(small: House) -> None:
    await hold(small, mail(subject="plain"))
    raw = mail(
        subject=HOSTILE.partition("\r")[0] + HOSTILE.partition("\n")[2].replace("Bcc", "x"),
        sender="\u202eAna <script> <a@b.example>",
    )
    await hold(small, raw, "held-2")
    async with browser(small) as http:
        page = (await http.get(link(small, "held-2"))).text
    assert "<script>" not in page
    assert "\u202e" not in page
    assert "\u200b" not in page
    assert "<mark>[U+202E]</mark>gnp.exe" in page
    assert "pay<mark>[U+200B]</mark>pal" in page


async def test_where_people_decide_they_are_warned_of_what_the_digest_warned_of(small: House) -> None:
    await hold(small, mail(sender='"boss@example.org" <x@xn--pypal-4ve.example>', subject="Invoice"))
    await hold(small, mail(sender="Shop <x@shop.example>"), "held-2")
    async with browser(small) as http:
        page, plain = [(await http.get(link(small, held_id))).text for held_id in ("held-1", "held-2")]
    said = words("en")["warnings"]
    for warning in (said["address"], said["scripts"], said["lookalike"].format(domain="p\u0430ypal.example")):
        assert warning in page
    assert "Take care" not in plain


async def test_the_page_is_told_in_the_language_of_its_reader(small: House) -> None:
    await hold(small)
    async with browser(small, **{"accept-language": "xx, en-GB;q=0.8"}) as http:
        page = (await http.get(link(small))).text
    assert '<html lang="en" dir="ltr">' in page


async def test_what_was_deleted_elsewhere_is_told(small: House) -> None:
    await hold(small)
    await small.publish(QuarantineDeleted(held_id="held-1", recipient=ANA, by="op"))
    await page_says(small, "It was deleted.")


async def test_a_link_to_a_mail_that_is_not_known_yet_says_so(small: House) -> None:
    async with browser(small) as http:
        answer = await http.get(link(small, "held-9"))
    assert answer.status_code == 404
    assert "may have come a moment ago" in answer.text


async def test_one_answers_for_the_health_of_the_service(small: House) -> None:
    async with small.http("portal") as http:
        for path in ("/livez", "/readyz", "/metrics"):
            assert (await http.get(path)).status_code == 200


async def too_many(http: httpx.AsyncClient, path: str) -> list[int]:
    page = (await http.get(path)).text
    data = {"button": field(page, "button"), "act": "nothing"}
    return [(await http.post(path, data=data)).status_code for _ in range(32)]


async def test_posts_are_limited_for_each_recipient(small: House) -> None:
    await hold(small)
    async with browser(small) as http:
        assert await too_many(http, link(small)) == [303] * 30 + [429] * 2


async def test_the_pages_name_nobody_else_s_things(small: House) -> None:
    await hold(small)
    async with browser(small) as http:
        page = (await http.get(link(small))).text
    assert re.findall(r'(?:src|href|action)="(?!/|#)', page) == []

"""What an operator does in a real browser comes to pass."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, expect

from shared.events import BlockRequested, CaseDecided, CaseEdited, ReleaseDecided
from tests.mails import mail
from tests.operators_room import bury, campaign, entries, furnish, held, sign_in, verdict
from tests.services import House, house
from tests.waiting import until


async def said(console: House, kind: Any, count: int = 1) -> list[dict[str, Any]]:
    async def there() -> bool:
        return len(await console.said(kind)) >= count

    await until(there)
    return await console.said(kind)


async def test_a_verdict_arrives_live_after_a_report(
    chromium: Browser, redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(("ingest", "triage", "submission", "console"), redis_url, prefix, data_dir) as made:
        page = await sign_in(chromium, made)
        await expect(page.locator("#live-state")).to_have_text("connected")
        async with made.http("ingest") as http:
            answer = await http.post(
                "/v1/reports",
                params={"category": "phishing"},
                content=mail(),
                headers={"Content-Type": "message/rfc822"},
            )
            assert answer.status_code == 202
        await page.get_by_role("button", name="Verdicts").click()
        await expect(page.locator("#live li[data-kind='verdict.issued']")).to_be_visible()
        await expect(page.locator("#live li[data-kind='report.received']")).to_be_hidden()


async def test_a_case_is_decided_and_its_reporters_are_told(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 2), *verdict(0))
    page = await sign_in(chromium, console)
    await page.goto("/cases")
    await page.get_by_role("link", name="Your account 0 is locked").click()
    await page.locator(".choice", has_text="Phishing").click()
    await page.fill("#comment", "The same kit as last week")
    await page.get_by_label("mail the reporters").check()
    await page.get_by_role("button", name="Decide", exact=True).click()
    await expect(page.get_by_text("Marked as Phishing by operator")).to_be_visible()
    (decided,) = await said(console, CaseDecided)
    assert (decided["category"], decided["notify"], decided["comment"]) == (
        "phishing",
        True,
        "The same kit as last week",
    )
    await page.goto("/cases")
    await expect(page.get_by_text("Nothing to decide.")).to_be_visible()


async def test_who_decides_and_goes_on_is_told_of_it_on_the_next_case(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 1), *campaign(1, 1), *verdict(0), *verdict(1))
    page = await sign_in(chromium, console)
    await page.goto("/cases/case-0")
    await page.keyboard.press("2")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/cases/case-1?*")
    await expect(page.get_by_role("status")).to_contain_text("Decided: 1")


async def test_a_search_is_of_all_cases_and_says_so_from_whatever_view(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 1), *campaign(1, 1))
    page = await sign_in(chromium, console)
    await page.goto("/cases?view=overdue")
    await page.keyboard.press("/")
    await page.keyboard.type("bank1.example")
    await page.keyboard.press("Enter")
    await expect(page.locator("tr[data-row]")).to_have_count(1)
    await expect(page.locator(".tabs [aria-current]")).to_have_text("All")


async def test_a_sender_is_blocked_after_a_preview_of_what_that_would_have_met(
    chromium: Browser, redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(("console", "blocklist"), redis_url, prefix, data_dir) as made:
        await furnish(made, *campaign(0, 3), *held(0))
        page = await sign_in(chromium, made)
        await page.goto("/cases/case-0")
        await page.get_by_role("link", name="Preview a block of service@bank0[.]example").click()
        await expect(page.locator(".sums")).to_contain_text("3 reported mails")
        await expect(page.locator(".sums")).to_contain_text("1 held mail")
        await page.get_by_role("button", name="Block it").click()
        await expect(page.locator(".offered li", has_text="service@bank0").locator(".tag")).to_have_text("Blocked")
        (asked,) = await said(made, BlockRequested)
        assert (asked["origin"]["by"], asked["origin"]["case_id"]) == ("operator", "case-0")


async def test_a_release_is_approved_in_words(chromium: Browser, console: House) -> None:
    await furnish(console, *held(0), *held(1))
    page = await sign_in(chromium, console)
    await page.goto("/quarantine")
    await expect(page.get_by_text("“I wait for this.”").first).to_be_visible()
    await page.locator("tr[data-row] input").first.check()
    await page.fill("#comment", "It is from the parcel service")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("status")).to_contain_text("Approved: 1")
    (decided,) = await said(console, ReleaseDecided)
    assert (decided["decision"], decided["comment"]) == ("approved", "It is from the parcel service")


async def test_a_dead_letter_is_mended_and_handed_in_again(chromium: Browser, console: House) -> None:
    entry = await bury(console)
    page = await sign_in(chromium, console)
    await page.goto(f"/dead/{entry}")
    await page.fill("#data", '{"nothing": 1}')
    await page.get_by_role("button", name="Hand in again").click()
    await expect(page.get_by_role("alert")).to_contain_text("Not handed in")
    assert await page.input_value("#data") == '{"nothing": 1}'
    mended = {
        "case_id": "case-9",
        "report_id": "r",
        "category": "phishing",
        "subject": "Mended",
        "from_address": "a@b.example",
    }
    await page.fill("#data", json.dumps(mended))
    await page.get_by_role("button", name="Hand in again").click()
    await expect(page.get_by_text("No dead letter.")).to_be_visible()
    await page.goto("/cases?view=all")
    await expect(page.get_by_role("link", name="Mended")).to_be_visible()


async def test_fifty_reports_of_six_campaigns_are_decided_with_the_keyboard_alone(
    chromium: Browser, console: House
) -> None:
    sizes = (20, 10, 8, 6, 4, 2)
    await furnish(console, *(event for number, size in enumerate(sizes) for event in campaign(number, size)))
    page = await sign_in(chromium, console)
    pressed = 0

    async def keys(*names: str) -> None:
        nonlocal pressed
        for name in names:
            await page.keyboard.press(name)
            pressed += 1

    await keys("g", "c")
    await page.wait_for_url("**/cases")
    await keys("j", "x", "j", "x", "j", "x", "d", "2", "b", "Enter")  # three at once, with blocks of their senders
    await expect(page.get_by_role("status")).to_contain_text("Decided: 3")
    await page.wait_for_load_state()
    await keys("j", "o")
    for number in range(3):  # the others one after the other, each on its page
        await page.wait_for_url(f"**/cases/case-{number + 3}*")
        await keys("d", str(number + 2), "Enter")
    await expect(page.get_by_text("Nothing to decide.")).to_be_visible()
    decided = {one["case_id"]: one["category"] for one in await said(console, CaseDecided, 6)}
    assert decided == {
        "case-0": "phishing", "case-1": "phishing", "case-2": "phishing", "case-3": "phishing", "case-4": "spam", "case-5": "bulk",
    }  # fmt: skip
    assert len(await said(console, BlockRequested, 3)) == 3
    assert pressed <= 30  # at a key every six seconds, three minutes


async def test_rows_are_found_marked_assigned_and_kept_as_a_view_by_keys(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 1), *campaign(1, 1))
    page = await sign_in(chromium, console)
    await page.goto("/cases")
    await page.keyboard.press("/")
    await page.keyboard.type("login.bank1.exam")
    await page.keyboard.press("Enter")
    await expect(page.locator("tr[data-row]")).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(page.get_by_role("status")).to_contain_text("Yours now: 1")
    (edited,) = await said(console, CaseEdited)
    assert (edited["case_id"], edited["owner"]) == ("case-1", "operator")
    await page.fill("#name", "Bank one")
    await page.get_by_role("button", name="Keep").click()
    await page.goto("/cases")
    await page.get_by_role("link", name="Bank one").click()
    await expect(page.locator("tr[data-row]")).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_everything_but_the_live_stream_works_without_a_script(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 1), *campaign(1, 1), *entries())
    page = await sign_in(chromium, console, java_script_enabled=False)
    await page.goto("/cases")
    await page.locator("tr[data-row] input").first.check()
    await page.locator("#bar label", has_text="Spam").click()
    await page.get_by_role("button", name="Decide").click()
    await expect(page.get_by_role("status")).to_contain_text("Decided: 1")
    await page.goto("/blocks")
    await page.get_by_role("button", name="Remove").first.click()
    await expect(page.get_by_role("status")).to_contain_text("Asked.")


async def test_what_a_verdict_was_refused_a_person_adds_without_typing_it_again(
    chromium: Browser, console: House
) -> None:
    await furnish(console, *entries(reason="verdicts made 20 entries within the last hour: an operator can add it"))
    page = await sign_in(chromium, console)
    await page.goto("/blocks?view=refused")
    await page.get_by_role("link", name="Preview an entry for example[.]org").click()
    await page.get_by_role("button", name="Block it").click()
    (asked,) = await said(console, BlockRequested)
    assert (asked["kind"], asked["value"], asked["action"]) == ("domain", "example.org", "block")

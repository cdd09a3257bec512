"""The live list in a real browser: lines about one thing are one line, and none of them is lost."""

from playwright.async_api import Browser, expect

from shared.events import CaseClosed
from tests.operators_room import campaign, furnish, held, sign_in, verdict
from tests.services import House

#: Lines of a case with two reports and a verdict.
LINES = 7


async def test_lines_about_one_case_are_one_that_opens_by_keyboard_and_stays_open(
    chromium: Browser, console: House
) -> None:
    await furnish(console, *held(0))
    await furnish(console, *campaign(0, 2), *verdict(0))
    page = await sign_in(chromium, console)
    await expect(page.locator("#live-state")).to_have_text("connected")
    visible, button = page.locator("#live li:visible"), page.locator("#live button").first
    await expect(visible).to_have_count(2)  # the case, and the held mail
    await expect(button).to_have_text(f"{LINES - 1} earlier")
    await expect(button).to_have_attribute("aria-expanded", "false")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(visible).to_have_count(LINES + 1)
    await expect(visible.filter(has_text="Unknown. It was let in")).to_have_count(1)
    await furnish(
        console, CaseClosed(case_id="case-0", closing=1, reason="dismissed", category="clean", report_count=2)
    )
    await expect(visible.first).to_contain_text("The case is closed")
    await expect(visible).to_have_count(LINES + 2)
    await expect(button).to_have_text(f"{LINES} earlier")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(visible).to_have_count(2)
    assert await page.locator("#live li").count() == LINES + 3, "nothing is lost"


async def test_lines_that_arrive_fold_and_what_a_filter_shows_is_folded_among_itself(
    chromium: Browser, console: House
) -> None:
    page = await sign_in(chromium, console)
    await expect(page.locator("#live-state")).to_have_text("connected")
    await furnish(console, *campaign(0, 3), *verdict(0))
    visible = page.locator("#live li:visible")
    await expect(visible).to_have_count(1)
    await furnish(console, *campaign(1, 1))
    await expect(visible).to_have_count(2)
    await page.get_by_role("button", name="Verdicts").click()
    await expect(visible).to_have_count(1)
    await expect(visible).to_contain_text("Unknown. It was let in")
    await page.get_by_role("button", name="Reports").click()
    await expect(visible).to_have_count(2)


async def test_no_line_moves_away_from_under_the_pointer_and_what_came_is_shown_when_it_leaves(
    chromium: Browser, console: House
) -> None:
    await furnish(console, *held(0))
    page = await sign_in(chromium, console)
    await expect(page.locator("#live-state")).to_have_text("connected")
    first = page.locator("#live li").first
    before = await first.inner_text()
    await first.hover()
    await furnish(console, *campaign(0, 1))
    await expect(page.locator("#live-state")).to_contain_text("new: shown when the pointer leaves")
    assert await first.inner_text() == before
    await page.mouse.move(0, 0)
    await expect(page.locator("#live-state")).to_have_text("connected")
    await expect(page.locator("#live li:visible")).to_have_count(2)


async def test_without_a_script_each_line_stands_alone(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 2), *verdict(0))
    page = await sign_in(chromium, console, java_script_enabled=False)
    await expect(page.locator("#live li")).to_have_count(LINES)
    await expect(page.locator("#live li:visible")).to_have_count(LINES)

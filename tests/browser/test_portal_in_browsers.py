"""People's pages in a real browser: what a person does works, with the keyboard alone too, and axe finds nothing."""

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext

from shared.events import QuarantineAsked, QuarantineReleased
from tests.hostile_mails import letter
from tests.portal import ANA, CHROME, hold, link, links, path_of
from tests.services import House
from tests.waiting import until

Scheme = Literal["light", "dark"]

WIDTHS = {"desktop": 1100, "phone": 360}


async def context(chromium: Browser, portal: House, **more: Any) -> BrowserContext:
    base = f"http://127.0.0.1:{portal.ports['digest_port']}"
    return await chromium.new_context(base_url=base, user_agent=CHROME, **more)


def paths(portal: House) -> dict[str, str]:
    """Every page that can be opened by a link."""
    at = datetime.now(UTC)
    made = links(portal)
    return {
        "mail": link(portal),
        "preview": f"{link(portal)}/preview",
        "headers": f"{link(portal)}/headers",
        "list": path_of(made.mails(ANA, at=at)),
        "preferences": path_of(made.preferences(ANA, at=at)),
        "unsubscribe": path_of(made.unsubscribe(ANA, at=at)),
        "bad link": "/q/bad",
    }


async def test_a_person_asks_in_two_steps_and_sees_the_end_by_itself(chromium: Browser, portal: House) -> None:
    await hold(portal, letter())
    here = await context(chromium, portal)
    page = await here.new_page()
    await page.goto(link(portal))
    await page.get_by_role("button", name="Deliver it to me").click()
    await page.get_by_label("The number").fill(await page.locator(".number").inner_text())
    await page.get_by_role("button", name="Deliver it to me").click()
    assert "looked at once more and then delivered" in await page.get_by_role("status").inner_text()
    (event,) = await portal.said(QuarantineAsked)
    assert event["act"] == "release"
    await portal.publish(QuarantineReleased(held_id="held-1", recipient=ANA, by=ANA))
    await page.get_by_text("It was delivered to your mailbox.").wait_for()


async def test_the_keyboard_is_enough(chromium: Browser, portal: House) -> None:
    await hold(portal)
    page = await (await context(chromium, portal)).new_page()
    await page.goto(link(portal))

    async def is_on(what: str) -> bool:
        await page.keyboard.press("Tab")
        return what in str(await page.evaluate("document.activeElement.innerText"))

    await until(lambda: is_on("Delete it now"))
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".number")
    await page.keyboard.type(await page.locator(".number").inner_text())
    await page.keyboard.press("Enter")
    await page.get_by_text("It is being deleted.").wait_for()
    assert [one["act"] for one in await portal.said(QuarantineAsked)] == ["delete"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page_and_nothing_is_wider_than_the_window(
    chromium: Browser, portal: House, scheme: Scheme, width: str
) -> None:
    await hold(portal, letter())
    size = {"width": WIDTHS[width], "height": 800}
    here = await context(chromium, portal, color_scheme=scheme, viewport=size, bypass_csp=True)
    page = await here.new_page()
    for name, path in paths(portal).items():
        await page.goto(path)
        await says_nothing(page, name)
    await page.goto(link(portal))
    await page.get_by_role("button", name="Block this sender").click()
    await says_nothing(page, "confirm")
    await page.get_by_role("button", name="Block this sender").click()
    await says_nothing(page, "confirm without a number")


async def says_nothing(page: Any, name: str) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("language", ["de", "fr", "es", "th", "ar"])
async def test_a_browser_s_language_is_spoken_and_nothing_is_left_in_english(
    chromium: Browser, portal: House, language: str
) -> None:
    await hold(portal)
    here = await context(chromium, portal, locale=language, viewport={"width": 360, "height": 800}, bypass_csp=True)
    page = await here.new_page()
    for name, path in paths(portal).items():
        await page.goto(path)
        assert await page.evaluate("document.documentElement.lang") == language
        assert await page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
        await says_nothing(page, f"{name} in {language}")

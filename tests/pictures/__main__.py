"""`make images`: all pictures of docs/images, taken anew. Without Chromium nothing is done, and that is said."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.pictures import clock

clock.stand()

from longstop.demo.steps import links_of, page_of  # noqa: E402 - the clock stands first
from tests.browser.conftest import ARGUMENTS, NAMES  # noqa: E402
from tests.operators_room import sign_in_as  # noqa: E402
from tests.pictures.palette import shrunk  # noqa: E402
from tests.pictures.world import filled  # noqa: E402
from tests.services import House  # noqa: E402

FOLDER = Path("docs/images")

DESK: ViewportSize = {"width": 1240, "height": 820}


class Camera:
    """Takes pictures of one Longstop."""

    def __init__(self, browser: Browser, made: House) -> None:
        self._browser, self._made = browser, made

    async def take(self) -> None:
        """All of them, in an order in which each shows what those before it have not spoiled."""
        maria, tom = [await self._person(name, role) for name, role in (("maria", "analyst"), ("tom", "admin"))]
        await self._mails()
        await self._case(maria)
        await self._purges(maria, tom)
        await self._lists(maria, tom)

    async def _person(self, name: str, role: str) -> Page:
        return await sign_in_as(self._browser, self._made, name, role, viewport=DESK, reduced_motion="reduce")

    async def _mails(self) -> None:
        """A digest as its reader sees it, and the page behind its first link."""
        letter = next((self._made.data_dir / "outbox").glob("ana@example.org-????????.eml"))
        page = await self._browser.new_page(viewport={"width": 720, "height": 960})
        await page.goto(page_of(letter).resolve().as_uri())
        await self._shoot(page, "digest")
        base = f"http://127.0.0.1:{self._made.ports['digest_port']}"
        path = links_of(letter)[0].partition("/q/")[2]
        await page.set_viewport_size({"width": 760, "height": 1040})
        await page.goto(f"{base}/q/{path}")
        await self._shoot(page, "portal")
        await page.close()

    async def _case(self, page: Page) -> None:
        await self._open_case(page, "Unusual activity")
        await self._shoot(page, "case")
        await page.locator(".offered .button").first.click()
        await page.wait_for_url("**/blocks/preview?*")
        await self._shoot(page, "block-preview")
        await self._open_case(page, "Your parcel is waiting")
        await page.fill("#why", "Is the page that it links to known?")
        await page.get_by_role("button", name="Show it").click()
        await page.frame_locator("iframe.mail").locator("body").wait_for()
        await page.locator("#mail-head").evaluate("one => one.scrollIntoView()")
        await self._shoot(page, "mail")

    async def _purges(self, maria: Page, tom: Page) -> None:
        """A plan that waits for a second person, and a purge that was partly undone."""
        await self._plan(maria, "known", "Password page of the campaign")
        await maria.get_by_role("button", name="Move them").click()
        await maria.locator(".head .tag.done").wait_for()
        await maria.locator("tr[data-row] input").first.check()
        await maria.fill("#reason", "Ana keeps it for the training")
        await maria.get_by_role("button", name="Put the marked back").click()
        await maria.locator(".head .tag.part_restored").wait_for()
        await maria.emulate_media(color_scheme="dark")
        await self._shoot(maria, "purge-dark")
        await maria.emulate_media(color_scheme="light")
        await self._plan(maria, "all", "Whoever else has it")
        await tom.goto(maria.url.partition("?")[0])
        await self._shoot(tom, "purge-plan")
        await tom.goto("/purges")
        await self._shoot(tom, "purges")

    async def _plan(self, page: Page, where: str, why: str) -> None:
        await self._open_case(page, "Unusual activity")
        await page.keyboard.press("p")
        await page.select_option("#purge-where", where)
        await page.select_option("#purge-which", "like")
        await page.fill("#purge-why", why)
        await page.get_by_role("button", name="Plan it").click()
        await page.locator(".head .tag.planned, .head .tag.second").wait_for()

    async def _lists(self, maria: Page, tom: Page) -> None:
        await tom.goto("/dead")
        await tom.locator("a.open").first.click()
        await tom.wait_for_url("**/dead/*")
        await self._shoot(tom, "dead-letter")
        await maria.goto("/cases")
        for nth in range(3):
            await maria.locator("td.mark input").nth(nth).check()
        await maria.locator(".choice input[value=clean]").check(force=True)
        await self._shoot(maria, "cases")
        await maria.emulate_media(color_scheme="dark")
        await self._shoot(maria, "cases-dark")
        await maria.emulate_media(color_scheme="light")
        await maria.goto("/")
        await maria.locator("#live-state", has_text="connected").wait_for()
        await self._shoot(maria, "now")

    async def _shoot(self, page: Page, name: str) -> None:
        """One picture of what the window shows, nothing in motion."""
        await page.mouse.move(0, 0)
        taken = await page.screenshot(animations="disabled", caret="hide")
        (FOLDER / f"{name}.png").write_bytes(await shrunk(self._browser, taken))

    async def _open_case(self, page: Page, subject: str) -> None:
        await page.goto("/cases?view=all")
        await page.locator("a.open", has_text=subject).first.click()
        await page.wait_for_url("**/cases/*-*")


async def main(program: str) -> None:
    """Start everything, take all pictures, end everything."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        async with filled(Path(folder)) as made, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            await Camera(browser, made).take()
            await browser.close()


if __name__ == "__main__":
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.stderr.write("no Chromium: the pictures stay as they are\n")
    else:
        asyncio.run(main(found))

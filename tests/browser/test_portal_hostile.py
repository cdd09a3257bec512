"""Hostile mails in a real browser: nothing runs, nothing is loaded, nothing leaves."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Dialog, Page

from shared.mail.preview import Preview
from tests.hostile_mails import ATTACKS, hostile_letters, letter
from tests.portal import CHROME, browser, hold, link
from tests.services import House
from tests.waiting import until

CORPUS = Path(os.environ.get("LONGSTOP_TEST_CORPUS", "nowhere"))

#: Mails of each folder of the corpus, where there is one.
OF_EACH = 12


class Watch:
    """What a page tried: requests to others, dialogs, scripts of others, windows, downloads."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.seen: list[str] = []

    async def attach(self, page: Page) -> None:
        await page.route("**/*", self._request)
        page.on("dialog", self._dialog)
        page.on("popup", lambda popup: self.seen.append(f"popup {popup.url}"))
        page.on("download", lambda download: self.seen.append(f"download {download.url}"))
        page.on("framenavigated", lambda frame: self._navigated(frame.url))
        await page.expose_function("told", lambda what: self.seen.append(f"script {what}"))

    async def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.message}")
        await dialog.dismiss()

    async def _request(self, route: Any) -> None:
        if route.request.url.startswith(self.base):
            await route.continue_()
        else:
            self.seen.append(f"request {route.request.url}")
            await route.abort()

    def _navigated(self, url: str) -> None:
        if not url.startswith((self.base, "about:")):
            self.seen.append(f"navigation {url}")


async def opened(chromium: Browser, portal: House) -> tuple[Page, Watch]:
    base = f"http://127.0.0.1:{portal.ports['digest_port']}"
    page = await (await chromium.new_context(base_url=base, user_agent=CHROME)).new_page()
    watch = Watch(base)
    await watch.attach(page)
    return page, watch


async def look(page: Page, path: str) -> None:
    """Every page that shows something of a mail; the frame is drawn, and pressed on where a link might be."""
    await page.goto(path, wait_until="load")
    await page.goto(f"{path}/headers", wait_until="load")
    await page.goto(f"{path}/preview", wait_until="load")
    frame = page.locator("iframe")
    if await frame.count():
        await frame.scroll_into_view_if_needed()
        await page.wait_for_load_state("networkidle")
        inner = page.frames[-1]
        assert (
            await inner.locator(
                "script, a, img, form, input, iframe, object, embed, svg, style ~ style, [onload], [style]"
            ).count()
            == 0
        )
        await frame.click(position={"x": 60, "y": 40})
    assert await page.locator("script:not([src='/portal.js'])").count() == 0


async def test_no_attack_runs_loads_or_sends_anything(chromium: Browser, portal: House) -> None:
    page, watch = await opened(chromium, portal)
    for number, (name, raw) in enumerate(hostile_letters().items()):
        await hold(portal, raw, f"held-{number}")
        await look(page, link(portal, f"held-{number}"))
        assert watch.seen == [], name


async def test_the_watch_would_see_it(chromium: Browser, portal: House) -> None:
    """The same attacks on a page without our headers: a test that cannot fail is none."""
    page, watch = await opened(chromium, portal)
    await page.set_content("".join(ATTACKS[number] for number in (2, 3, 11)), wait_until="commit")
    await until(
        lambda: seen_of(watch, "dialog 1", "request http://evil.example/i.png", "request http://evil.example/c.css")
    )


async def seen_of(watch: Watch, *wanted: str) -> bool:
    return set(wanted) <= set(watch.seen)


async def test_even_without_the_sanitiser_the_frame_is_dead(
    chromium: Browser, portal: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy and the sandbox hold by themselves what the sanitiser would let through."""
    everything = Preview(markup="\n".join(ATTACKS), has_markup=True)
    monkeypatch.setattr("services.portal.reading.preview_apart", lambda _: everything)
    await hold(portal, letter())
    page, watch = await opened(chromium, portal)
    await page.goto(f"{link(portal)}/preview")
    await page.locator("iframe").scroll_into_view_if_needed()
    await page.wait_for_load_state("networkidle")
    assert watch.seen == []


def real_mails() -> Iterator[tuple[str, bytes]]:
    """Some of each kind."""
    for folder in sorted(CORPUS.iterdir()):
        mails = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
        yield from ((path.name, path.read_bytes()) for path in mails[:: max(1, len(mails) // OF_EACH)][:OF_EACH])


@pytest.mark.skipif(not CORPUS.is_dir(), reason="LONGSTOP_TEST_CORPUS names no folder")
@pytest.mark.timeout(300)
async def test_real_mails_are_previewed_without_a_request(chromium: Browser, portal: House) -> None:
    page, watch = await opened(chromium, portal)
    for number, (name, raw) in enumerate(real_mails()):
        await hold(portal, raw, f"held-{number}")
        await look(page, link(portal, f"held-{number}"))
        assert watch.seen == [], name


async def test_what_nobody_sees_is_shown_as_what_it_is(chromium: Browser, portal: House) -> None:
    await hold(
        portal, letter("<p>\u202egnp.exe pay\u200bpal</p>", "\u202egnp.exe pay\u200bpal", head="From: a@b.example\r\n")
    )
    page, _ = await opened(chromium, portal)
    await page.goto(f"{link(portal)}/preview")
    assert "[U+202E]gnp.exe pay[U+200B]pal" in await page.locator(".text").inner_text()
    inner = page.frame_locator("iframe").locator("body")
    assert "[U+202E]gnp.exe pay[U+200B]pal" in await inner.inner_text()


async def test_links_are_words_and_files_are_named_only(chromium: Browser, portal: House) -> None:
    await hold(portal, letter('<a href="https://evil.example/pay">https://bank.example</a> <img src=x alt="Pay now">'))
    page, _ = await opened(chromium, portal)
    await page.goto(f"{link(portal)}/preview")
    words = await page.frame_locator("iframe").locator("body").inner_text()
    assert "https://bank.example → hxxps://evil[.]example/pay" in re.sub(r"\s+", " ", words)
    assert "▧ Pay now" in words
    assert "invoice.pdf.exe" in await page.locator("table").inner_text()
    assert "a program" in await page.locator("table").inner_text()
    assert await page.locator("a[href*=evil], a[href*=invoice]").count() == 0


async def test_a_download_is_a_file_that_no_browser_opens(portal: House) -> None:
    raw = hostile_letters()["all"]
    await hold(portal, raw)
    async with browser(portal) as http:
        answer = await http.get(f"{link(portal)}/raw")
    assert answer.content == raw
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["x-content-type-options"] == "nosniff"

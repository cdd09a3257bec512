"""Link scanners in a real browser: they follow links, run scripts, press buttons, fill in and send forms, and nothing is asked."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser

from shared.events import DigestPreferred, QuarantineAsked
from tests.portal import ANA, CHROME, act_as_a_person, browser, hold, link, links, path_of
from tests.services import House

#: What detonation does on every page that it comes to, as scripts that run when it has loaded.
SCANNERS = {
    "presses everything": "document.querySelectorAll('button, input[type=submit], a').forEach(one => one.click())",
    "presses the first button": "document.querySelector('form button')?.click()",
    "presses the last button": "[...document.querySelectorAll('form button')].at(-1)?.click()",
    "sends every form": "[...document.forms].forEach(form => HTMLFormElement.prototype.submit.call(form))",
    "fills in and presses": """
        document.querySelectorAll('input:not([type=hidden]), textarea').forEach(one => { one.value = '012'; one.checked = true; });
        document.querySelectorAll('form').forEach(form => { form.noValidate = true; });
        document.querySelector('form button')?.click()""",
    "fills in what people see and presses": """
        document.querySelectorAll('input[inputmode=numeric]').forEach(one => { one.value = '012'; });
        document.querySelector('form button')?.click()""",
    "sends every button by itself": """
        for (const form of document.forms) for (const button of form.querySelectorAll('button')) {
          const data = new URLSearchParams(new FormData(form)); data.set(button.name, button.value);
          fetch(form.action, { method: 'POST', body: data }).then(answer => answer.text());
        }""",
    "comes back again and again": "setInterval(() => document.querySelector('form button')?.click(), 100)",
}


async def let_loose(chromium: Browser, portal: House, name: str, path: str) -> list[str]:
    """A scanner opens a page in a browser of its own and goes on until nothing moves; the methods of its requests."""
    base = f"http://127.0.0.1:{portal.ports['digest_port']}"
    context = await chromium.new_context(base_url=base, user_agent=CHROME)
    page = await context.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    await page.add_init_script(f"addEventListener('load', () => {{ {SCANNERS[name]} }})")
    await page.goto(path, wait_until="commit")
    await page.wait_for_load_state("networkidle")
    await context.close()
    return sent


async def test_a_scanner_that_uses_the_page_asks_for_nothing(chromium: Browser, portal: House) -> None:
    for name in SCANNERS:
        await hold(portal, held_id=name.replace(" ", "-"))
        assert "POST" in await let_loose(chromium, portal, name, link(portal, name.replace(" ", "-")))
        assert await portal.said(QuarantineAsked) == [], name


async def test_what_scanners_do_does_not_stand_in_a_person_s_way(portal: House) -> None:
    await hold(portal)
    async with browser(portal, **{"user-agent": "Mozilla/5.0 (compatible; UrlScanner/1.0)"}) as scanner:
        for _ in range(50):
            await scanner.get(link(portal))
            await scanner.head(link(portal))
    async with browser(portal) as person:
        assert (await act_as_a_person(person, link(portal), "release")).status_code == 303
    assert len(await portal.said(QuarantineAsked)) == 1


@pytest.mark.parametrize("which", ["preferences", "unsubscribe"])
async def test_a_scanner_neither_unsubscribes_nor_prefers(chromium: Browser, portal: House, which: str) -> None:
    for name in SCANNERS:
        await let_loose(chromium, portal, name, path_of(getattr(links(portal), which)(ANA, at=datetime.now(UTC))))
        assert await portal.said(DigestPreferred) == [], name

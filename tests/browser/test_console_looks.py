"""Every page of the console: usable by everybody, and harmless whatever a mail says."""

from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Dialog, Request, expect

from shared.blobs import FileBlobs
from shared.events import CaseJoined, CaseOpened, ReportReceived
from shared.work import now
from tests.hostile_mails import ATTACKS, HEADERS, letter
from tests.operators_room import PAGES, bury, campaign, entries, furnish, held, message, purges, sign_in, verdict
from tests.people import bootstrap
from tests.services import House

Scheme = Literal["light", "dark"]

WIDTHS = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 360, "height": 740}}

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u200b\"'><a href='javascript:alert(1)'>{{7*7}}"
    "=cmd|'/c calc'!A1 http://evil.example/x"
)


async def furnished(console: House, text: str = "") -> dict[str, str]:
    """Something on every page; the paths of all pages."""
    await furnish(
        console, *campaign(0, 3, subject=text, comment=text), *campaign(1, 1), *verdict(0, text=text[:400] or "It presses for time."),
        *held(0, subject=text or "A parcel for you", comment=text), *entries(value=text or "bad@bank0.example", reason=text or "no"),
        *purges(text=text or "A parcel"),
    )  # fmt: skip
    await told_of(console)
    dead = await bury(console, (text or "{").encode())
    return {name: path.format(case="case-0", held="held-0", dead=dead) for name, path in PAGES.items()}


async def told_of(console: House) -> None:
    """A token and a webhook that wait for nobody."""
    async with console.http("console") as http:
        for path, body in (("tokens", {"name": "ci"}), ("webhooks", {"url": "http://127.0.0.1:9/"})):
            made = await http.post(f"/v1/{path}", json=body, headers=bootstrap(console))
            assert made.status_code == 201


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(chromium: Browser, console: House, scheme: Scheme, width: str) -> None:
    paths = await furnished(console)
    page = await sign_in(chromium, console, color_scheme=scheme, viewport=WIDTHS[width])
    found: dict[str, Any] = {}
    for name, path in {**paths, "sign-in": "/sign-in", "nothing": "/cases/none"}.items():
        await page.goto(path)
        results = await Axe().run(page)
        faults = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in results.response["violations"]]
        wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        if faults or wide:
            found[name] = (faults, "too wide" if wide else "")
    assert found == {}


async def test_nothing_of_a_hostile_mail_runs_loads_or_hides_on_any_page(chromium: Browser, console: House) -> None:
    paths = await furnished(console, HOSTILE)
    page = await sign_in(chromium, console)
    trouble: list[str] = []
    own = f"http://127.0.0.1:{console.ports['console_port']}/"

    async def alarm(dialog: Dialog) -> None:
        trouble.append(f"a dialog on {page.url}")
        await dialog.dismiss()

    def asked(request: Request) -> None:
        if not request.url.startswith(own):
            trouble.append(f"{page.url} asks {request.url}")

    page.on("dialog", alarm)
    page.on("request", asked)
    page.on(
        "console", lambda message: trouble.append(f"{page.url}: {message.text}") if message.type == "error" else None
    )
    for path in paths.values():
        await page.goto(path)
        html = await page.content()
        assert "<script>alert" not in html, path
        assert '<img src="x"' not in html, path
        assert "\u202e" not in html, path
        assert "\u200b" not in html, path
        assert "}}49" not in html, path
        links: list[str] = await page.evaluate("[...document.links].map(one => one.href)")
        assert [link for link in links if not link.startswith(own)] == [], path
    assert trouble == []
    await page.goto(paths["case"])
    assert "⟨U+202E⟩" in await page.inner_text("main")


async def test_no_cell_of_a_list_for_spreadsheets_is_a_formula(chromium: Browser, console: House) -> None:
    await furnish(console, *campaign(0, 1))
    page = await sign_in(chromium, console)
    for what in ("reports", "verdicts", "waits", "reporters", "targets"):
        answer = await page.request.get(f"/reports/{what}.csv")
        assert answer.ok
        assert answer.headers["content-type"].startswith("text/csv")
        cells = [cell for line in (await answer.text()).splitlines() for cell in line.split(",")]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


async def test_a_hostile_mail_is_read_in_a_frame_that_asks_for_nothing(chromium: Browser, console: House) -> None:
    shown = '<p><a href="http://evil.example/click">Your bank</a> gnp\u202e.exe</p>'
    (sha256,) = FileBlobs(console.data_dir / "blobs").put([letter("\n".join((shown, *ATTACKS)), head=HEADERS)])
    facts = message(0).model_copy(update={"sha256": sha256})
    opened = CaseOpened(case_id="c", report_id="r", category="phishing", subject="Odd", from_address="a@evil.example")
    came = ReportReceived(
        report_id="r", category="phishing", reporter="ana@example.org", source="smtp", message=facts, received_at=now()
    )
    await furnish(console, came, opened, CaseJoined(case_id="c", report_id="r", report_count=1, matched="text"))
    page = await sign_in(chromium, console)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"a dialog: {dialog.message}"))
    await page.goto("/cases/c")
    await page.fill("#why", "A test of the frame")
    await page.get_by_role("button", name="Show it").click()
    frame = page.frame_locator("iframe.mail")
    await expect(frame.get_by_text("hxxp://evil[.]example/click").first).to_be_visible()
    await expect(frame.locator("mark", has_text="[U+202E]").first).to_be_visible()
    assert await frame.locator("a, img, form, script, input, iframe, object, video").count() == 0
    own = f"http://127.0.0.1:{console.ports['console_port']}/"
    assert [one for one in asked if not one.startswith(own)] == []


async def test_no_list_is_scrolled_sideways_on_a_phone(chromium: Browser, console: House) -> None:
    paths = await furnished(console)
    page = await sign_in(chromium, console, viewport=WIDTHS["phone"])
    for name in ("now", "cases", "verdicts", "blocks", "quarantine", "held", "purges", "purge", "dead"):
        await page.goto(paths[name])
        wide = await page.eval_on_selector_all(
            ".scroll:has(.list)", "all => all.some(one => one.scrollWidth > one.clientWidth)"
        )
        assert not wide, name
        assert await page.locator("[data-list] tr[data-row]").first.is_visible(), name


async def test_what_acts_on_marked_rows_is_there_while_a_row_is_marked(chromium: Browser, console: House) -> None:
    paths = await furnished(console)
    page = await sign_in(chromium, console)
    for name in ("cases", "quarantine", "dead"):
        await page.goto(paths[name])
        await expect(page.locator("#bar")).to_be_hidden()
        box = page.locator("td.mark input").first
        await box.check()
        await expect(page.locator("#bar")).to_be_visible()
        await box.uncheck()
        await expect(page.locator("#bar")).to_be_hidden()


async def test_a_new_installation_says_what_to_do_first_until_something_has_happened(
    chromium: Browser, console: House
) -> None:
    page = await sign_in(chromium, console)
    await expect(page.get_by_text("longstop report mail.eml")).to_be_visible()
    await furnish(console, *campaign(0, 1))
    await page.reload()
    await expect(page.get_by_text("longstop report mail.eml")).to_have_count(0)


async def test_a_printed_case_tells_what_is_known_and_asks_for_nothing(chromium: Browser, console: House) -> None:
    paths = await furnished(console)
    page = await sign_in(chromium, console, color_scheme="dark")
    await page.goto(paths["case"])
    await page.emulate_media(media="print")
    for told in ("#verdict-head", "#facts-head", "#reports-head", "#others-head", "#line-head", ".evidence"):
        await expect(page.locator(told).first).to_be_visible()
    for asked in await page.locator("input, button, nav.tabs, .side").all():
        await expect(asked).to_be_hidden()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"

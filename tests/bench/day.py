"""What an analyst sees and does, in a real Chromium: `python -m tests.bench.day [REPORTS] [PAUSE_S]`.

Live: from the 202 or 250 that a report was answered with until the browser has drawn its verdict's line, one report after the
other, by HTTP and by SMTP in turns. Day: fifty reports of six campaigns, whose cases all wait for a person (the analyser of this
run gives no opinion), decided by keys alone, with a pause before every key and a longer one before each case to read it.
"""

import asyncio
import json
import os
import shutil
import signal
import smtplib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright

from longstop.health import PORTS
from tests.browser.conftest import ARGUMENTS, NAMES
from tests.campaigns import campaigns
from tests.mails import report_of
from tests.services import DOORS, free_port
from tests.waiting import until

#: Reports of each campaign of the day, and how long a person reads a case, in seconds.
SIZES, READING_S = (20, 10, 8, 6, 4, 2), 3.0

#: Tells when lines of verdicts have been drawn: after the frame that shows them.
DRAWN = """() => { window.drawn = []; new MutationObserver(all => { for (const one of all) for (const node of one.addedNodes)
  if (node.dataset?.kind === 'verdict.issued') requestAnimationFrame(() => setTimeout(() => window.drawn.push(Date.now()))); })
  .observe(document.getElementById('live'), { childList: true }); }"""


@dataclass(frozen=True, slots=True)
class Running:
    """A Longstop of its own process."""

    folder: Path
    ports: dict[str, int]

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[PORTS[name][0]]}"

    @property
    def token(self) -> str:
        return (self.folder / "api.token").read_text()


@asynccontextmanager
async def longstop(**settings: str) -> AsyncIterator[Running]:
    """All services as `longstop up` runs them."""
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), {one: free_port() for one in (*(port for port, _ in PORTS.values()), *DOORS)}
        told = {f"LONGSTOP_{one.upper()}": str(port) for one, port in ports.items()}
        environment = {
            **os.environ,
            **told,
            **settings,
            "LONGSTOP_LOG_LEVEL": "error",
            "LONGSTOP_OWN_DOMAINS": "example.org",
        }
        command = [sys.executable, "-m", "longstop", "up", "--data-dir", str(folder)]
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
        try:
            await until(lambda: _exists(folder / "endpoints.json"), patience_s=120)
            yield Running(folder, ports)
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def _exists(path: Path) -> bool:
    return path.exists()


async def signed_in(chromium: Browser, made: Running) -> Page:
    page = await (await chromium.new_context(base_url=made.url("console"))).new_page()
    await page.goto("/sign-in")
    await page.fill("#token", made.token)
    await page.locator("form:has(#token) button").click()
    await page.wait_for_url("**/")
    return page


def hand_in(made: Running, raw: bytes, *, by_smtp: bool) -> float:
    """Report a mail; when it was answered that it is durable, in milliseconds since 1970."""
    if by_smtp:
        with smtplib.SMTP("127.0.0.1", made.ports["smtp_port"]) as smtp:
            smtp.sendmail("ana@example.org", ["phish@example.org"], report_of(raw))
            return time.time() * 1000
    asked = {"category": "phishing", "reporter": "ana@example.org"}
    answer = httpx.post(
        f"{made.url('ingest')}/v1/reports", params=asked, content=raw, headers={"Content-Type": "message/rfc822"}
    )
    assert answer.status_code == 202, answer.text
    return time.time() * 1000


async def live(chromium: Browser, reports: int) -> dict[str, Any]:
    """Waits for the lines of verdicts, in milliseconds."""
    waits: dict[str, list[float]] = {"http": [], "smtp": []}
    async with longstop() as made:
        page = await signed_in(chromium, made)
        await page.locator("#live-state", has_text="connected").wait_for()
        await page.evaluate(DRAWN)
        for number, one in enumerate(campaigns(reports, seed=7)):
            way = "smtp" if number % 2 else "http"
            answered = await asyncio.to_thread(hand_in, made, one.copy(0), by_smtp=way == "smtp")
            await until(partial(page.evaluate, f"window.drawn.length > {number}"))
            waits[way].append(await page.evaluate(f"window.drawn[{number}]") - answered)
    every = sorted([*waits["http"], *waits["smtp"]])
    return {
        "reports": reports,
        **{f"{name}_median_ms": round(sorted(some)[len(some) // 2]) for name, some in {**waits, "all": every}.items()},
        "p95_ms": round(every[int(len(every) * 0.95)]),
        "max_ms": round(every[-1]),
    }


async def day(chromium: Browser, pause_s: float) -> dict[str, Any]:
    """The time that it took to decide everything, of which the console's share is what was neither pause nor reading."""
    async with longstop(LONGSTOP_ANALYSERS="stub") as made:
        copies = [
            one.copy(at) for one, size in zip(campaigns(len(SIZES), seed=11), SIZES, strict=True) for at in range(size)
        ]
        for at, raw in enumerate(copies):
            await asyncio.to_thread(hand_in, made, raw, by_smtp=at % 2 == 1)
        await until(lambda: _waiting(made, len(copies)), patience_s=60)
        page = await signed_in(chromium, made)
        began, pressed, cases = time.monotonic(), 0, 0

        async def keys(*names: str) -> None:
            nonlocal pressed
            for name in names:
                await asyncio.sleep(pause_s)
                await page.keyboard.press(name)
                pressed += 1

        await keys("g", "c")
        await page.wait_for_url("**/cases")
        await keys("j", "o")
        await page.wait_for_url("**/cases/*")
        while "done=nothing" not in page.url:
            await page.locator("#deciding").wait_for()
            await asyncio.sleep(READING_S)
            before = page.url
            await keys("d", "2", "Enter")
            await until(partial(_has_left, page, before))
            cases += 1
        took = time.monotonic() - began
    paused = pressed * pause_s + cases * READING_S
    return {
        "reports": sum(SIZES), "campaigns": len(SIZES), "cases": cases, "keys": pressed, "pause_s": pause_s, "reading_s": READING_S,
        "total_s": round(took, 1), "of_it_console_s": round(took - paused, 1),
    }  # fmt: skip


async def _has_left(page: Page, before: str) -> bool:
    return page.url != before


async def _waiting(made: Running, reports: int) -> bool:
    async with httpx.AsyncClient(
        base_url=made.url("console"), headers={"Authorization": f"Bearer {made.token}"}
    ) as http:
        items = (await http.get("/v1/cases/queue", params={"view": "wait"})).json()["items"]
    return bool(sum(one["report_count"] for one in items) == reports)


async def main(reports: int, pause_s: float) -> None:
    path = next(filter(None, map(shutil.which, NAMES)))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        print(json.dumps(await live(chromium, reports)))  # noqa: T201
        print(json.dumps(await day(chromium, pause_s)))  # noqa: T201
        await chromium.close()


if __name__ == "__main__":
    given = (*sys.argv[1:], *("30", "1")[len(sys.argv) - 1 :])
    asyncio.run(main(int(given[0]), float(given[1])))

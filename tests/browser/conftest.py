"""A real Chromium, and people's pages and the console in houses of their own. Without Chromium these tests are skipped."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.services import House, house

NAMES = ("chromium", "chromium-browser", "google-chrome")

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        if os.environ.get("LONGSTOP_REQUIRE_CHROMIUM"):
            pytest.fail("Chromium was asked for, and there is none")
        pytest.skip("no Chromium: install one")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def portal(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("portal",), redis_url, prefix, data_dir, portal_pause_s=0) as made:
        yield made


@pytest.fixture
async def console(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir) as made:
        yield made

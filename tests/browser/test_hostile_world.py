"""Hostile mails through the whole product, then a look at everything that people and programs see of them."""

import csv
import email
import email.policy
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Dialog, Page

from longstop.services import NAMES
from services.console.rules.sheet import FORMULAS
from tests.command_line import longstop
from tests.hostile_world import COLOURS, CORPUS, at_a_terminal, hidden, play, texts_in
from tests.operators_room import PAGES, bury, sign_in
from tests.people import bootstrap
from tests.services import House, house
from tests.waiting import until

#: Largest page or answer, in bytes, whatever a mail holds; cases and held mails that are looked at, without a corpus.
PAGE_MAX, ANSWER_MAX, LOOKS = 400_000, 8_000_000, 4

#: What a page holds that may run, load or lead away, but for the console's own.
FOREIGN = (
    "script:not([src^='/static/']), img:not([src='/static/icon.svg']), iframe:not([src^='/mails/']), object, embed, base, "
    "link:not([href^='/static/']), a[href]:not([href^='/']):not([href^='#']), form:not([action^='/']):not([method=dialog]), [style], [onload], [onerror]"
)

#: The whole text of a page, in attributes that people see, too.
TEXT = """() => [document.title, document.body.innerText,
  ...[...document.querySelectorAll('[title],[aria-label],[placeholder]')].flatMap(e => [e.title, e.ariaLabel, e.placeholder])].join('\\n')"""

#: Fields that digests and answers to reporters have; any other came from a mail.
FIELDS = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "auto-submitted", "precedence",
    "list-unsubscribe", "list-unsubscribe-post", "list-id", "x-auto-response-suppress", "in-reply-to", "references", "reply-to", "feedback-id",
}  # fmt: skip


@pytest.fixture
async def world(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(NAMES, redis_url, prefix, data_dir, stream_keep_entries=100_000) as made:
        await play(made)
        yield made


async def ids(world: House) -> dict[str, list[str]]:
    """The cases and held mails that are there."""
    found: dict[str, list[str]] = {}
    async with world.http("console") as http:
        http.headers.update(bootstrap(world))
        for name in ("cases", "held"):
            rows = (await http.get(f"/v1/{name}", params={"limit": 500})).json()["items"]
            found[name] = [row["id"] for row in rows][: None if CORPUS else LOOKS]
    return found


class Watch:
    """What a page tried that none of ours does."""

    def __init__(self, page: Page, base: str) -> None:
        self.seen: list[str] = []
        self._page = page
        page.on("dialog", self._dialog)
        page.on("request", lambda one: None if one.url.startswith(base) else self.seen.append(f"asks {one.url}"))
        page.on(
            "console",
            lambda one: self.seen.append(f"{page.url}: {one.text}") if one.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self.seen.append(f"{page.url}: {error}"))
        page.on("download", lambda one: self.seen.append(f"downloads {one.url}"))

    async def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"a dialog on {self._page.url}")
        await dialog.dismiss()


@pytest.mark.timeout(3_000 if CORPUS else 400)
async def test_nothing_of_hostile_mails_runs_turns_or_obeys_anywhere(chromium: Browser, world: House) -> None:
    found, dead = await ids(world), await bury(world, b'{"case_id":"\x1b[2J\xe2\x80\xae<script>alert(1)</script>"')
    await look_at_pages(chromium, world, found, dead)
    await look_at_answers(world, found)
    await look_at_lists(world)
    await look_at_terminal(world, found)
    await look_at_letters(world)


async def look_at_pages(chromium: Browser, world: House, found: dict[str, list[str]], dead: str) -> None:
    page = await sign_in(chromium, world)
    watch = Watch(page, f"http://127.0.0.1:{world.ports['console_port']}/")
    of_one = ("{case}", "{held}", "/purges/")
    fixed = [path.format(dead=dead) for path in PAGES.values() if not any(one in path for one in of_one)]
    more = [f"/cases?view=all&group={one}" for one in ("from_address", "verdict_category")] + ["/verdicts?view=failed"]
    each = [*(f"/cases/{one}" for one in found["cases"]), *(f"/quarantine/{one}" for one in found["held"])]
    for path in (*fixed, *more, *each):
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert len(await answer.body()) < PAGE_MAX, path
        assert await page.locator(FOREIGN).evaluate_all("all => all.map(one => one.outerHTML.slice(0, 200))") == [], (
            path
        )
        assert hidden(await page.evaluate(TEXT)) == [], path
        wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{path} is wider than the window"
    for path in each[: len(each) if CORPUS else 3]:
        await page.goto(path)
        if await page.locator("#why").count():
            await page.fill("#why", "Is it harmless?")
            await page.get_by_role("button", name="Show it").click()
            await page.locator("iframe.mail").scroll_into_view_if_needed()
            await page.wait_for_load_state("networkidle")
            assert "49" not in await page.frames[-1].locator("h1, title").all_inner_texts()
    assert watch.seen == []


async def look_at_answers(world: House, found: dict[str, list[str]]) -> None:
    async with world.http("console") as http:
        http.headers.update(bootstrap(world))
        document = (await http.get("/openapi.json")).json()["paths"]
        paths = [path for path, one in document.items() if "get" in one and "{" not in path and path != "/v1/live"]
        needed = {"/v1/blocks/preview": {"kind": "domain", "value": "evil.example"}}
        each = [*(f"/v1/cases/{one}" for one in found["cases"]), *(f"/v1/held/{one}" for one in found["held"])]
        for path in (*paths, *each):
            answer = await http.get(path, params=needed.get(path, {}))
            assert answer.status_code == 200, path
            assert len(answer.content) < ANSWER_MAX, path
            answer.json()
        async with http.stream("GET", "/v1/live", params={"after": 0}) as stream:
            lines = 0
            async for line in stream.aiter_lines():
                assert line.partition(":")[0] in ("", "retry", "id", "event", "data"), line
                if line.startswith("data:"):
                    lines += 1
                    shown = json.loads(line.removeprefix("data:"))
                    assert hidden(str(shown["line"]), lines=False) == []
                if lines == 100:
                    break


async def look_at_lists(world: House) -> None:
    sheets = []
    async with world.http("console") as http:
        http.headers.update(bootstrap(world))
        sheets += [
            (await http.get(f"/reports/{what}.csv")).text
            for what in ("reports", "verdicts", "waits", "reporters", "targets")
        ]
    sheets += [
        (await longstop(world, "export", what, "--format", "csv")).stdout
        for what in ("reports", "cases", "verdicts", "blocks", "quarantine")
    ]
    sheets += [(await longstop(world, "block", "export", "--format", "csv")).stdout]
    for sheet in sheets:
        for row in csv.reader(io.StringIO(sheet)):
            assert [one for one in row if one.startswith(FORMULAS)] == []
            kept = [one.replace("\r\n", "\n") for one in row]  # a line end within a cell
            assert [hidden(one) for one in kept if hidden(one)] == []


async def look_at_terminal(world: House, found: dict[str, list[str]]) -> None:
    events = str(await world.redis.xlen(f"{world.prefix}:verdict.issued.v1"))
    letter = (await longstop(world, "dead", "list", "--json")).rows[0]["id"]
    commands = [
        ("case", "list"), ("case", "show", found["cases"][0]), ("case", "show", found["cases"][-1]), ("quarantine", "list"),
        ("quarantine", "show", found["held"][0]), ("quarantine", "show", found["held"][-1]), ("block", "list"), ("dead", "list"),
        ("dead", "show", letter), ("audit", "list"), ("digest", "preview", "--recipient", "ana@example.org"), ("top", "--once"),
        ("watch", "verdicts", "--since", "1d", "--count", events), ("watch", "all", "--since", "1d", "--count", "100"),
    ]  # fmt: skip
    for words in commands:
        shown = await at_a_terminal(world, *words)
        assert shown, words
        assert hidden(COLOURS.sub("", shown)) == [], f"{words}: {shown[:500]!r}"


async def look_at_letters(world: House) -> None:
    async with world.http("digest") as http:
        assert (await http.post("/v1/digests", json={"recipient": "ana@example.org"})).status_code == 200
    outbox = world.data_dir / "outbox"

    async def has_come() -> bool:
        return any(b"List-Unsubscribe" in path.read_bytes() for path in outbox.rglob("*.eml"))

    await until(has_come)
    for path in outbox.rglob("*.eml"):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert {name.lower() for name in letter.keys()} <= FIELDS, path.name  # noqa: SIM118 - a mail may have a name twice
        assert "eve@evil.example" not in f"{letter['to']}{letter['cc']}{letter['bcc']}"
        assert letter.get_all("to") == ["ana@example.org"]
        for field in letter.values():
            assert hidden(str(field), lines=False) == []
        for part in letter.walk():
            if part.get_content_maintype() == "text":
                assert hidden(part.get_content()) == [], path.name
                assert "<script" not in part.get_content().lower() or part.get_content_subtype() == "plain"


def test_the_look_would_see_it() -> None:
    assert hidden("a\u202eb\x1b[2J\u200b") == ["U+001B", "U+200B", "U+202E"]
    assert hidden(COLOURS.sub("", "\x1b[1;31mred\x1b[0m\n")) == []
    assert hidden(COLOURS.sub("", "\x1b]0;title\x07")) == ["U+0007", "U+001B"]
    assert list(texts_in({"a": ["b", {"c": "d"}]})) == ["b", "d"]

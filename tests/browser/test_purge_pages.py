"""A purge from a case's page to the mailboxes of a real Dovecot and back, in a real browser."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from shared.events import PurgeApproved, PurgeDelayed, PurgeRequested, RestoreRequested
from tests.dovecot import AT, KEY, Dovecot, dovecot, may_run
from tests.mails import mail
from tests.operators_room import sign_in, sign_in_as
from tests.purging import innocent
from tests.services import House, house
from tests.waiting import until

PEOPLE = tuple(f"{name}@example.org" for name in ("alice", "bob", "carol"))

pytestmark = pytest.mark.skipif(not may_run(), reason="no Dovecot that this user may start")


@pytest.fixture(scope="module")
def started() -> Iterator[Dovecot]:
    with dovecot(*PEOPLE) as made:
        yield made


@pytest.fixture
def server(started: Dovecot) -> Dovecot:
    """Three mailboxes with the campaign's mail, and others beside it."""
    started.empty()
    for person in PEOPLE:
        started.deliver(person, innocent(1))
        started.deliver(person, mail(), at=AT, flags=(b"\\Seen",))
    return started


@pytest.fixture
async def made(redis_url: str, prefix: str, tmp_path: Path, server: Dovecot) -> AsyncIterator[House]:
    secret = tmp_path / "secret"
    secret.write_text(KEY)
    url = f"doveadm+http://127.0.0.1:{server.http_port}?password_file={secret}"
    names = ("ingest", "triage", "submission", "mailboxes", "console")
    more = {"mailstore_url": url, "purge_approval_above": 2}
    async with house(names, redis_url, prefix, tmp_path / "data", **more) as one:
        yield one


async def case_of(made: House, page: Page) -> None:
    """The page of a case of the campaign's mail, which Alice has reported."""
    wanted = {"category": "phishing", "reporter": PEOPLE[0]}
    async with made.http("ingest") as http:
        header = {"Content-Type": "message/rfc822"}
        assert (await http.post("/v1/reports", params=wanted, content=mail(), headers=header)).status_code == 202

    async def listed() -> bool:
        await page.goto("/cases?view=all")
        return await page.get_by_role("link", name="Your parcel is waiting").count() > 0

    await until(listed)
    await page.get_by_role("link", name="Your parcel is waiting").click()
    await page.wait_for_url("**/cases/*")

    async def mail_is_known() -> bool:
        await page.reload()
        return await page.get_by_text("Take it out of mailboxes").count() > 0

    await until(mail_is_known)


def states(server: Dovecot) -> dict[str, list[str]]:
    return {person: server.state(person) for person in PEOPLE}


async def test_a_mail_leaves_every_mailbox_when_a_second_person_agrees_and_comes_back_exactly(
    chromium: Browser, made: House, server: Dovecot
) -> None:
    before = states(server)
    page = await sign_in(chromium, made)
    await case_of(made, page)
    await page.keyboard.press("p")
    await page.select_option("#purge-where", "all")
    await page.select_option("#purge-days", "365")
    await page.fill("#purge-why", "The kit of last week")
    await page.get_by_role("button", name="Plan it").click()
    await page.wait_for_url("**/purges/*")
    status = page.locator(".head .tag")
    await expect(status).to_have_text("Needs a second person")
    await expect(page.get_by_text("somebody else than who asked must approve it")).to_be_visible()
    assert states(server) == before, "a plan moves nothing"

    second = await sign_in_as(chromium, made, "mallory", "analyst")
    await expect(second.locator(".needs")).to_contain_text("1 purge to approve")
    await second.keyboard.press("g")
    await second.keyboard.press("p")
    await second.wait_for_url("**/purges")
    await second.keyboard.press("j")
    await second.keyboard.press("o")
    await expect(second.get_by_text("3 mails in 3 mailboxes would be moved")).to_be_visible()
    await second.keyboard.press("y")
    await expect(second.locator(".head .tag")).to_have_text("Done")
    await expect(second.locator("tr[data-row] .tag.success")).to_have_count(3)
    for person in PEOPLE:
        assert sum('"mailbox": "Quarantine"' in one for one in server.state(person)) == 1
        assert len(server.state(person)) == 2

    await second.locator("tr[data-row] input").first.check()
    await second.fill("#reason", "It was a real parcel")
    await second.get_by_role("button", name="Put the marked back").click()
    await expect(second.locator(".head .tag")).to_have_text("Partly restored")
    await second.get_by_role("button", name="Put all back").click()
    await expect(second.locator(".head .tag")).to_have_text("Restored")
    assert states(server) == before
    (asked,), (agreed,) = await made.said(PurgeRequested), await made.said(PurgeApproved)
    assert (asked["by"], agreed["by"], asked["reason"]) == ("operator", "mallory", "The kit of last week")
    assert [one["by"] for one in await made.said(RestoreRequested)] == ["mallory", "mallory"]
    assert await made.said("dead.v1") == []
    await page.goto("/audit?act=purge.approved")
    await expect(page.locator("main tbody tr")).to_contain_text("mallory")


async def test_a_purge_in_known_mailboxes_is_approved_by_who_asked_and_stands_on_its_case(
    chromium: Browser, made: House, server: Dovecot
) -> None:
    page = await sign_in(chromium, made)
    await case_of(made, page)
    await page.get_by_text("Take it out of mailboxes").click()
    await expect(page.locator("#purge-where option").first).to_have_text("in 1 mailbox known to have it")
    await page.select_option("#purge-days", "365")
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.locator(".head .tag")).to_have_text("Planned")
    await page.get_by_role("button", name="Move them").click()
    await expect(page.locator(".head .tag")).to_have_text("Done")
    assert [len([one for one in server.state(person) if "Quarantine" in one]) for person in PEOPLE] == [1, 0, 0]
    await page.locator(".crumbs").get_by_role("link", name="Case").click()
    await expect(page.locator(".offered", has_text="Purge")).to_contain_text("Done")


async def test_a_mailbox_that_does_not_answer_is_shown_and_the_page_goes_on_by_itself(
    chromium: Browser, made: House, server: Dovecot
) -> None:
    page = await sign_in(chromium, made)
    await case_of(made, page)
    await page.get_by_text("Take it out of mailboxes").click()
    await page.select_option("#purge-where", "named")
    await page.fill("#purge-names", f"{PEOPLE[0]}, {PEOPLE[1]}")
    await page.select_option("#purge-days", "365")
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.locator(".head .tag")).to_have_text("Planned")
    server.stop()
    await page.get_by_role("button", name="Move them").click()

    async def told() -> bool:
        return len(await made.said(PurgeDelayed)) == 2

    await until(told)
    await expect(page.locator("tr[data-row] .tag.delayed")).to_have_count(2)
    server.start()
    await expect(page.locator("tr[data-row] .tag.success")).to_have_count(2, timeout=20_000)
    await expect(page.locator(".head .tag")).to_have_text("Done")


async def test_who_does_not_want_a_plan_withdraws_it_and_plans_it_again(
    chromium: Browser, made: House, server: Dovecot
) -> None:
    before = states(server)
    page = await sign_in(chromium, made)
    await case_of(made, page)
    await page.get_by_text("Take it out of mailboxes").click()
    await page.select_option("#purge-days", "365")
    await page.get_by_role("button", name="Plan it").click()
    first = page.url.partition("?")[0]
    await page.get_by_role("button", name="Plan it again").click()
    await expect(page.locator(".head .tag")).to_have_text("Planned")
    assert page.url.partition("?")[0] != first
    await page.get_by_role("button", name="Withdraw it").click()
    await expect(page.locator(".head .tag")).to_have_text("Withdrawn")
    await page.goto(first)
    await expect(page.locator(".head .tag")).to_have_text("Withdrawn")
    await expect(page.get_by_role("button", name="Move them")).to_have_count(0)
    assert states(server) == before

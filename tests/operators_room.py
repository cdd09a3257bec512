"""An operators' room to try: what is in it, and somebody who has signed in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, Page

from shared.events import (
    BlockCreated,
    BlockOrigin,
    BlockRefused,
    CaseJoined,
    CaseOpened,
    CaseTriaged,
    Event,
    Evidence,
    MessageFacts,
    MovedMail,
    PlannedMailbox,
    PurgeApproved,
    PurgeDelayed,
    PurgedMailbox,
    PurgeFinished,
    PurgeMatch,
    PurgePlanned,
    PurgeRequested,
    QuarantineHeld,
    ReleaseRequested,
    ReportReceived,
    ReportResolved,
    RestoredMailbox,
    RestoreFinished,
    RestoreRequested,
    VerdictIssued,
)
from shared.events.message import AttachmentFacts, Envelope
from tests.people import account_of
from tests.services import House
from tests.waiting import until

#: Every page that has no id in its path; `{case}`, `{held}` and `{dead}` are filled in.
PAGES = {
    "now": "/",
    "cases": "/cases?view=all",
    "case": "/cases/{case}",
    "verdicts": "/verdicts",
    "running": "/verdicts?view=running",
    "blocks": "/blocks?view=all",
    "preview": "/blocks/preview?kind=domain&value=bank0.example",
    "quarantine": "/quarantine?view=all",
    "held": "/quarantine/{held}",
    "purges": "/purges",
    "plan": "/purges/purge-0",
    "purge": "/purges/purge-1",
    "dead": "/dead",
    "letter": "/dead/{dead}",
    "reports": "/reports",
    "settings": "/settings",
    "audit": "/audit",
    "keys": "/keys",
}


def message(campaign: int, *, subject: str = "", name: str = "bill.pdf") -> MessageFacts:
    host = f"bank{campaign}.example"
    return MessageFacts(
        sha256=f"{campaign:064x}",
        size_bytes=4_321,
        subject=subject or f"Your account {campaign} is locked",
        from_address=f"service@{host}",
        from_domain=host,
        from_name="Bank",
        urls=(f"http://login.{host}/verify",),
        attachments=(AttachmentFacts(name=name, content_type="application/pdf", size_bytes=9, sha256="f" * 64),),
    )


def campaign(number: int, reports: int, *, subject: str = "", comment: str = "") -> Iterator[Event]:
    """Reports of one campaign, whose case waits for a person."""
    case_id, facts, at = f"case-{number}", message(number, subject=subject), datetime.now(UTC)
    for one in range(reports):
        report_id, reporter = f"report-{number}-{one}", f"user{one}@example.org"
        yield ReportReceived(
            report_id=report_id, category="phishing", reporter=reporter, source="smtp", message=facts, comment=comment,
            received_at=at - timedelta(minutes=one), envelope=Envelope(mail_from=facts.from_address, rcpt_to=(reporter,)),
        )  # fmt: skip
        if one:
            yield CaseJoined(case_id=case_id, report_id=report_id, report_count=one + 1, matched="text")
        else:
            yield CaseOpened(
                case_id=case_id,
                report_id=report_id,
                category="phishing",
                subject=facts.subject,
                from_address=facts.from_address,
            )
    yield CaseTriaged(
        case_id=case_id, report_id=f"report-{number}-0", decision="review", priority="high", tags=("bank",),
        reasons=("Reported as phishing.",), due_at=at + timedelta(hours=number + 1),
    )  # fmt: skip


def verdict(number: int, *, text: str = "It presses for time.") -> Iterator[Event]:
    case_id = f"case-{number}"
    yield VerdictIssued(
        submission_id=f"s{number}", case_id=case_id, message_sha256=f"{number:064x}", version=1, category="unknown",
        confidence=0.5, cause="no_authentication", recommendations=(text,),
        evidence=(Evidence(signal="urgency", text=text, where="text", weight=1.0),),
    )  # fmt: skip
    yield ReportResolved(
        report_id=f"report-{number}-0", case_id=case_id, category="unknown", confidence=0.5, version=1, inherited=False
    )


def held(number: int, *, subject: str = "A parcel for you", comment: str = "I wait for this.") -> Iterator[Event]:
    facts = message(number, subject=subject)
    at = datetime.now(UTC)
    yield QuarantineHeld(
        held_id=f"held-{number}", message=facts, envelope=Envelope(mail_from=facts.from_address, rcpt_to=("ana@example.org",)),
        reason="spam", score=12.5, symbols=("BAYES_SPAM",), held_at=at, expires_at=at + timedelta(days=30),
    )  # fmt: skip
    yield ReleaseRequested(held_id=f"held-{number}", recipient="ana@example.org", comment=comment)


def entries(*, value: str = "bad@bank0.example", reason: str = "it would block your own domain") -> Iterator[Event]:
    origin = BlockOrigin(by="verdict", note="from a verdict")
    yield BlockCreated(block_id="block-0", kind="address", value=value, action="block", origin=origin)
    yield BlockRefused(request_id="no", kind="domain", value="example.org", reason=reason, origin=origin)


def purges(*, text: str = "A parcel") -> Iterator[Event]:
    """A plan that waits for a second person, and a purge that was done, and partly undone while a mailbox does not answer."""
    match = PurgeMatch(message_id="1@parcel", from_address="fee@parcel.example", subject=text[:500], body_hash="b")
    ana, ben = "ana@example.org", "ben@example.org"
    for number in range(2):
        purge_id = f"purge-{number}"
        yield PurgeRequested(purge_id=purge_id, by="eve", match=match, case_id="case-0", reason=text, tell_users=True)
        yield PurgePlanned(
            purge_id=purge_id, plan=1, mailbox_count=9, hit_count=2, message_count=2, needs_second=not number,
            mailboxes=(PlannedMailbox(mailbox=ana, found=1, unlike=1), PlannedMailbox(mailbox=ben, found=1)),
        )  # fmt: skip
    mail = MovedMail(folder=text, message_id="<1@parcel>", received_at=datetime.now(UTC), size_bytes=9)
    yield PurgeApproved(purge_id="purge-1", plan=1, by="mallory")
    yield PurgeFinished(
        purge_id="purge-1", outcome="done", reason=text, case_id="case-0", folder="Quarantine",
        mailboxes=tuple(PurgedMailbox(mailbox=one, result="success", moved=(mail,), reason=text) for one in (ana, ben)),
    )  # fmt: skip
    yield RestoreRequested(restore_id="r", purge_id="purge-1", by="ben", mailboxes=(ana,), reason=text)
    yield RestoreFinished(
        restore_id="r", purge_id="purge-1", mailboxes=(RestoredMailbox(mailbox=ana, result="success", restored=1),)
    )
    yield PurgeDelayed(purge_id="purge-1", mailbox=ben, task="restore", plan=1, restore_id="other", reason=text)


async def furnish(console: House, *events: Event) -> None:
    """Say events, and wait until every case, held mail and verdict of them is shown."""
    for event in events:
        await console.publish(event)
    ids = {event.event_id() for event in events}

    async def all_are_there() -> bool:
        found = await console.database("console").look(_facts)
        return ids <= found

    await until(all_are_there)


def _facts(session: Any) -> set[str]:
    from sqlmodel import select

    from services.console.tables import Activity

    return set(session.exec(select(Activity.fact)))


async def bury(console: House, reason: bytes = b"{") -> str:
    """A dead letter: what nobody could read; its place in the stream."""
    letters: Any = f"{console.prefix}:dead.v1"
    before = await console.redis.xlen(letters)
    await console.redis.xadd(f"{console.prefix}:case.opened.v1", {"data": reason})

    async def is_dead() -> bool:
        return bool(await console.redis.xlen(letters) > before)

    await until(is_dead)
    return str((await console.redis.xrevrange(letters, count=1))[0][0].decode())


async def sign_in(chromium: Browser, console: House, **context: Any) -> Page:
    """A page of somebody who signed in with the token of the data dir."""
    page = await _at_the_door(chromium, console, context)
    if not await page.locator("#token").is_visible():
        await page.locator("summary").click()
    await page.fill("#token", (console.data_dir / "api.token").read_text())
    await page.locator("form:has(#token) button").click()
    await page.wait_for_url("**/")
    return page


async def sign_in_as(chromium: Browser, console: House, name: str, role: str, **context: Any) -> Page:
    """A page of another browser, in which a person with a new account signed in."""
    page = await _at_the_door(chromium, console, context)
    await page.fill("#name", name)
    await page.fill("#password", await account_of(console, name, role))
    await page.locator("form:has(#password) button").click()
    await page.wait_for_url("**/")
    return page


async def _at_the_door(chromium: Browser, console: House, context: dict[str, Any]) -> Page:
    made = await chromium.new_context(base_url=f"http://127.0.0.1:{console.ports['console_port']}", **context)
    page = await made.new_page()
    await page.goto("/sign-in")
    return page

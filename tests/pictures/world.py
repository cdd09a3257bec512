"""What the pictures show: the demo's mails, some that nobody can tell, two weeks before them, mailboxes, and a dead letter."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from longstop.demo.doors import report_mail
from longstop.demo.mails import DemoMail, load
from longstop.services import NAMES
from services.console.tables import Count
from services.mailboxes.stores.memory import MemoryBox, memory_store
from shared.embedded import EmbeddedRedis
from shared.events import NotificationSent, ReportResolved
from shared.work import Work
from tests.hostile_world import by_smtp
from tests.mails import mail
from tests.operators_room import bury
from tests.people import bootstrap
from tests.pictures.clock import MORNING, days_before
from tests.services import House, house
from tests.waiting import until

PEOPLE = ("ana", "ben", "chen", "dara", "eva", "finn")

#: Longest wait for one mail to be through, in seconds.
PATIENCE_S = 60.0

#: Mails of people who are in doubt: nothing in them is bad, and nothing says that they are good.
DOUBTS = (
    ("ana", "Mira Sand <mira@sand-interiors.example>", "Offer for the meeting room", "Please find our offer below. Best, Mira"),
    ("dara", "Jo Park <jo.park@park-legal.example>", "Signed copy of the contract", "The signed copy follows by post this week."),
    ("eva", "Accounts <accounts@harbor-supply.example>", "Statement for October", "Your balance for October is 214.20. Kind regards"),
    ("finn", "Lea Frank <lea@frank-events.example>", "Your seat on Friday", "We have a seat for you on Friday evening. Shall we keep it?"),
    ("ben", "Tomas <tomas@river-cycling.example>", "Spring trip: who comes?", "We are nine by now. Tell me until Sunday."),
)  # fmt: skip

#: Held mails whose senders hide something, as (name, address, subject).
TRICKS = (
    ("payroll@example.org", "hr@paysIip-portal.example", "Your payslip for November"),
    ("P\u0430yPal", "service@xn--pypal-4ve.example", "Receipt \u202efdp.exe"),
)

#: Reports and verdicts of a day, for the two weeks before; multiplied by what a weekday sees.
USUAL = {
    "report": {"phishing": 6, "junk": 4, "malware": 1},
    "verdict": {"malware": 1, "phishing": 5, "spam": 3, "bulk": 1, "clean": 1},
}
WEEK = (1.0, 0.8, 1.3, 1.1, 0.7, 0.2, 0.1)


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[House]:
    """A whole Longstop in which all of this has happened.

    Args:
        folder: an empty one; what is made stays there.
    """
    redis = EmbeddedRedis(folder)
    await redis.start()
    store, campaign = memory_store("pictures"), [one.raw for one in load() if one.file.startswith("campaign")]
    for number, name in enumerate(PEOPLE):
        box = store.boxes[f"{name}@example.org"] = MemoryBox()
        for raw in campaign:
            box.deliver(raw, MORNING - timedelta(minutes=60 - number))
    settings = {
        "mailstore_url": "memory://pictures",
        "purge_approval_above": 3,
        "public_url": "https://mail.example.org",
        "answers": "off",  # they come when they come, and would fill the live list
    }
    try:
        async with house(NAMES, redis.url, "longstop", folder / "data", **settings) as made:
            await made.database("console").run(_two_weeks)
            await _hand_in(made)
            await bury(
                made, b'{"case_id": "c-4711", "report_id": "r-1", "category": "phising", "subject": "Invoice 4711"}'
            )
            yield made
    finally:
        await redis.stop()


def _two_weeks(work: Work) -> None:
    for before in range(1, 30):
        share = WEEK[(MORNING - timedelta(days=before)).weekday()]
        for measure, usual in USUAL.items():
            for nth, (word, n) in enumerate(usual.items()):
                day, wave = days_before(before), (before * 7 + nth * 3) % 5 / 4 + 0.5
                row = Count(
                    id=f"{measure}/{day}/{word}", measure=measure, day=day, word=word, n=round(n * share * wave)
                )
                work.session.add(row)


async def _hand_in(made: House) -> None:
    """Every mail by its door, one after the other, so that the lines have the same order each time; and a digest."""
    reports = 0
    async with made.http("ingest") as http:
        http.headers["Content-Type"] = "message/rfc822"
        for one in (*load(), *_doubts(), *_tricks()):
            if one.door == "smtp":
                await by_smtp(made.ports["smtp_port"], [report_mail(one)])
            elif one.door.startswith("quarantine"):
                held = {
                    "rcpt": list(one.recipients),
                    "from": one.mail_from,
                    "reason": one.reason,
                    "symbols": ",".join(one.symbols),
                }
                answer = await http.post(
                    "/v1/quarantine", params={**held, "score": str(one.score or 6)}, content=one.raw
                )
                assert answer.is_success, answer.text
                continue
            else:
                who = {"category": one.category, "reporter": one.reporter}
                assert (await http.post("/v1/reports", params=who, content=one.raw)).is_success
            reports += 1

            async def is_told(so_many: int = reports) -> bool:
                return len({told["report_id"] for told in await made.said(ReportResolved)}) >= so_many

            await until(is_told, patience_s=PATIENCE_S)
    await until(made.is_quiet, patience_s=PATIENCE_S)
    async with made.http("digest") as http:
        answer = await http.post("/v1/digests", json={"recipient": "ana@example.org"}, headers=bootstrap(made))
    assert answer.is_success, answer.text

    async def is_sent() -> bool:
        return any(one["kind"] == "digest" for one in await made.said(NotificationSent))

    await until(is_sent, patience_s=PATIENCE_S)
    await until(made.is_quiet, patience_s=PATIENCE_S)


def _tricks() -> list[DemoMail]:
    return [
        DemoMail(
            file=f"trick-{number}.eml", door="quarantine-http", what="", reason="phishing", recipients=("ana@example.org",),
            mail_from=address, score=14.2, symbols=("FROM_NEQ_DISPLAY",),
            raw=mail(sender=f"{_said(name)} <{address}>", subject=_said(subject), message_id=f"{number}@trick.example"),
        )
        for number, (name, address, subject) in enumerate(TRICKS)
    ]  # fmt: skip


def _said(text: str) -> str:
    """As a header may say anything (RFC 2047)."""
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


def _doubts() -> list[DemoMail]:
    return [
        DemoMail(
            file=f"doubt-{number}.eml", door="http", what="", reporter=f"{who}@example.org", category="phishing",
            raw=mail(sender=sender, subject=subject, body=body, message_id=f"{number}@doubt.example"),
        )
        for number, (who, sender, subject, body) in enumerate(DOUBTS)
    ]  # fmt: skip

"""Reporters are answered: once a case, again when the verdict changes, and nobody who is not verified."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from services.triage.answers import jobs
from services.triage.handlers import reports as handlers
from services.triage.tables import Answer
from shared.events import CaseDecided, MessageFacts, NotificationSent, ReportReceived, VerdictIssued
from shared.work import now
from tests.services import House, house
from tests.waiting import until

SHA = "a" * 64


@pytest.fixture
async def triage(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr(handlers, "RECEIPT_AFTER", timedelta(seconds=60))
    async with house(("triage",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


@pytest.fixture
def receipts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "RECEIPT_AFTER", timedelta())


def report(number: int, reporter: str = "ana@example.org", *, verified: bool = True) -> ReportReceived:
    message = MessageFacts(sha256=SHA, size_bytes=100, subject="Your parcel", from_address="fee@parcel-fee.example")
    return ReportReceived(
        report_id=f"r{number}", category="phishing", reporter=reporter, reporter_verified=verified, source="http",
        message=message, received_at=now(),
    )  # fmt: skip


async def verdict(made: House, version: int, category: Any) -> None:
    case_id = (await made.said("case.opened.v1"))[0]["case_id"]
    await made.publish(
        VerdictIssued(
            case_id=case_id, version=version, submission_id=f"s{version}", message_sha256=SHA, category=category,
            confidence=0.9, cause="filter_missed",
        )
    )  # fmt: skip


def outbox(made: House) -> list[str]:
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((made.data_dir / "outbox").glob("*.eml"))
    ]
    return sorted(f"{mail['To']}: {mail['Subject']}" for mail in mails)


async def sent(made: House, count: int) -> list[dict[str, Any]]:
    async def so() -> bool:
        return len(await made.said(NotificationSent)) >= count

    await until(so)
    return await made.said(NotificationSent)


async def opened(made: House, resolved: int = 0) -> None:
    async def so() -> bool:
        return bool(await made.said("case.opened.v1")) and len(await made.said("report.resolved.v1")) >= resolved

    await until(so)


async def test_one_answer_a_case_and_reporter(triage: House) -> None:
    for number, reporter in enumerate(["ana@example.org", "Ana@example.org", "ben@example.org"]):
        await triage.publish(report(number, reporter))
    await triage.publish(report(9, "eve@evil.example", verified=False))
    await opened(triage)
    await verdict(triage, 1, "phishing")
    events = await sent(triage, 2)
    await opened(triage, 4)
    assert outbox(triage) == [
        "ana@example.org: Your report: phishing: Your parcel",
        "ben@example.org: Your report: phishing: Your parcel",
    ]
    assert {event["kind"] for event in events} == {"answer"}
    await triage.publish(report(10))  # reported again: it was told already
    await opened(triage, 5)
    assert len(await triage.said(NotificationSent)) == 2


async def of_another_mail(made: House, number: int) -> None:
    """Somebody reports a mail unlike the others, and it is judged."""
    sha256 = f"{number:064x}"
    message = MessageFacts(sha256=sha256, size_bytes=100, subject=f"Mail {number}", from_address=f"x@{number}.example")
    await made.publish(report(number).model_copy(update={"message": message}))
    await until(lambda: _count(made, "case.opened.v1", number + 1))
    case_id = (await made.said("case.opened.v1"))[number]["case_id"]
    await made.publish(
        VerdictIssued(
            case_id=case_id, version=1, submission_id=f"s{number}", message_sha256=sha256, category="spam",
            confidence=0.9, cause="filter_missed",
        )
    )  # fmt: skip


async def _count(made: House, stream: str, count: int) -> bool:
    return len(await made.said(stream)) >= count


async def test_who_reports_a_whole_folder_gets_a_few_mails_and_then_one_with_the_rest(
    triage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAUSE", timedelta(hours=1))
    for number in range(3):
        await of_another_mail(triage, number)
        await sent(triage, number + 1)
    for number in range(3, 8):
        await of_another_mail(triage, number)
    database = triage.database("triage")

    async def pausing() -> bool:
        late = select(Answer).where(col(Answer.due_at) > now() + timedelta(minutes=30))
        return len(await database.look(lambda session: session.exec(late).all())) == 5

    await until(pausing)
    assert len(await triage.said(NotificationSent)) == 3
    monkeypatch.setattr(jobs, "PAUSE", timedelta())
    waiting = update(Answer).where(col(Answer.due_at).is_not(None))
    await database.run(lambda work: work.session.execute(waiting.values(due_at=now())))
    told = await sent(triage, 8)
    assert len(outbox(triage)) == 4
    assert "ana@example.org: What became of your 5 reports" in outbox(triage)
    assert [event["item_count"] for event in told] == [1] * 3 + [5] * 5
    assert len({event["case_id"] for event in told}) == 8


async def test_another_verdict_is_told_and_the_same_one_is_not(triage: House) -> None:
    await triage.publish(report(1))
    await opened(triage)
    await verdict(triage, 1, "phishing")
    await sent(triage, 1)
    await verdict(triage, 2, "phishing")
    await opened(triage, 2)
    await verdict(triage, 3, "clean")
    await sent(triage, 2)
    assert outbox(triage) == [
        "ana@example.org: Your report: no threat found: Your parcel",
        "ana@example.org: Your report: phishing: Your parcel",
    ]


@pytest.mark.parametrize("verdict_first", [True, False])
async def test_an_operator_may_have_the_same_verdict_told_again(triage: House, *, verdict_first: bool) -> None:
    await triage.publish(report(1))
    await opened(triage)
    await verdict(triage, 1, "phishing")
    await sent(triage, 1)
    case_id = (await triage.said("case.opened.v1"))[0]["case_id"]
    if verdict_first:  # streams keep no order between them
        await verdict(triage, 2, "phishing")
        await opened(triage, 2)
    await triage.publish(CaseDecided(decision_id="d", case_id=case_id, category="phishing", by="eve", notify=True))
    told = await sent(triage, 2)
    await verdict(triage, 3, "phishing")
    await opened(triage, 3 if verdict_first else 2)
    assert outbox(triage) == ["ana@example.org: Your report: phishing: Your parcel"] * 2
    assert [(one["case_id"], one["category"]) for one in told] == [(case_id, "phishing")] * 2


async def test_a_decision_tells_nobody_again_unless_the_operator_wants_it(triage: House) -> None:
    await triage.publish(report(1))
    await opened(triage)
    await verdict(triage, 1, "phishing")
    await sent(triage, 1)
    case_id = (await triage.said("case.opened.v1"))[0]["case_id"]
    await triage.publish(CaseDecided(decision_id="d", case_id=case_id, category="phishing", by="eve"))
    await verdict(triage, 2, "phishing")
    await opened(triage, 2)
    assert len(await triage.said(NotificationSent)) == 1


async def test_a_receipt_when_the_result_takes_long(triage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "RECEIPT_AFTER", timedelta())
    await triage.publish(report(1))
    await sent(triage, 1)
    assert outbox(triage) == ["ana@example.org: Your report arrived: Your parcel"]
    await verdict(triage, 1, "spam")
    await sent(triage, 2)
    assert "ana@example.org: Your report: junk: Your parcel" in outbox(triage)


@pytest.mark.usefixtures("receipts_at_once")
@pytest.mark.parametrize(("answers", "count"), [("off", 0), ("result", 1)])
async def test_answers_may_be_fewer(redis_url: str, prefix: str, data_dir: Path, answers: str, count: int) -> None:
    settings = {"answers": answers, "answer_language": "de"}
    async with house(("triage",), redis_url, prefix, data_dir, **settings) as made:
        await made.publish(report(1))
        await opened(made)
        await verdict(made, 1, "spam")
        await opened(made, 1)
        await sent(made, count)
        assert outbox(made) == ["ana@example.org: Ihre Meldung: Spam: Your parcel"][:count]


async def test_who_was_forgotten_gets_no_answer(triage: House) -> None:
    await triage.publish(report(1))
    await opened(triage)
    data = '{"erasure_id":"e","address":"ana@example.org","requested_at":"2026-11-23T10:00:00Z"}'
    await triage.redis.xadd(f"{triage.prefix}:erasure.requested.v1", {"data": data, "id": "e", "source": "test"})

    async def read() -> bool:
        groups = await triage.redis.xinfo_groups(f"{triage.prefix}:erasure.requested.v1")
        return bool(groups) and not groups[0]["pending"] and groups[0]["last-delivered-id"] != b"0-0"

    await until(read)
    await verdict(triage, 1, "phishing")
    await opened(triage, 1)
    assert await triage.said(NotificationSent) == []
    assert await triage.said("dead.v1") == []

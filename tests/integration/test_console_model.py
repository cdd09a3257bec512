"""The console's read model: found by words, counted without counting, the same whatever came first, in both databases."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from services.console.queries import standing
from services.console.queries.entries import PAGE, Paged, copies
from services.console.queries.finding import cases_found, refs, would_hit
from services.console.queries.queue import Wanted, cases
from services.console.tables import Block, Case, Copy, HeldText, Report, Reporter, ReportText
from shared.events import (
    CaseClosed,
    CaseDecided,
    CaseEdited,
    CaseTriaged,
    ErasureRequested,
    Event,
    ReleaseDecided,
    SubmissionRequested,
)
from shared.work import now
from tests.operators_room import campaign, entries, furnish, held, verdict
from tests.services import House, house


@pytest.fixture
async def console(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


async def look(console: House, query: Any) -> Any:
    return await console.database("console").look(query)


def counted(session: Session) -> dict[str, Counter[str]]:
    """What the counters of what stands must say, counted one by one."""
    columns: dict[str, Any] = {"case": Case.stage, "copy": Copy.status, "block": Block.status}
    return {measure: Counter(session.exec(select(column))) for measure, column in columns.items()}


def told(session: Session) -> dict[str, Counter[str]]:
    return {
        name: Counter({word: n for word, n in standing(session, name).items() if n})
        for name in ("case", "copy", "block")
    }


EVENTS: list[Event] = [
    *campaign(0, 3), *campaign(1, 2), *campaign(2, 1), *verdict(0), *held(0), *held(1), *entries(),
    CaseDecided(decision_id="d", case_id="case-1", category="spam", by="ana"),
    CaseEdited(edit_id="e", case_id="case-2", by="ana", merged_into="case-0"),
    ReleaseDecided(held_id="held-1", recipient="ana@example.org", decision="denied", by="ana"),
]  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
async def test_counters_say_what_counting_would(console: House, *, backwards: bool) -> None:
    await furnish(console, *(reversed(EVENTS) if backwards else EVENTS))
    assert await look(console, told) == await look(console, counted)
    people = await look(console, lambda session: {row.id: row.report_count for row in session.exec(select(Reporter))})
    assert people == {"user0@example.org": 3, "user1@example.org": 2, "user2@example.org": 1}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_case_stands_where_it_does_whichever_stream_is_read_first(
    console: House, order: tuple[int, ...]
) -> None:
    asked = SubmissionRequested(request_id="r", case_id="case-0", message_sha256="0" * 64, category="phishing")
    closed = CaseClosed(case_id="case-0", closing=1, reason="resolved", category="phishing", report_count=1)
    life = [asked, next(verdict(0)), closed]
    await furnish(console, *campaign(0, 1))
    for number in order:
        await console.publish(life[number], said_at=now() - timedelta(minutes=3 - number))
        await furnish(console, life[number])
    case = await look(console, lambda session: session.get(Case, "case-0"))
    assert case.stage == "done"
    assert case.requested_at < case.verdict_at < case.closed_at
    assert await look(console, told) == await look(console, counted)


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_case_of_a_held_mail_says_what_the_mail_is_until_a_report_says_more(
    console: House, *, backwards: bool
) -> None:
    asked = SubmissionRequested(
        request_id="r",
        case_id="case-0",
        message_sha256="0" * 64,
        category="not_junk",
        sender="bonus@lucky.example",
        subject="You won",
    )
    if not backwards:
        await furnish(console, asked)
        case = await look(console, lambda session: session.get(Case, "case-0"))
        assert (case.subject, case.from_address) == ("You won", "bonus@lucky.example")
        assert (case.priority, case.category) == ("normal", "not_junk")
    reports = list(campaign(0, 1))
    await furnish(console, *reports)
    before = await look(console, lambda session: session.get(Case, "case-0"))
    if backwards:
        await furnish(console, asked)
    case = await look(console, lambda session: session.get(Case, "case-0"))
    assert "lucky" not in case.from_address
    assert (case.subject, case.priority) == (before.subject, before.priority)


async def test_counters_are_right_after_somebody_was_forgotten_who_is_found_no_more(console: House) -> None:
    await furnish(console, *EVENTS)
    erased = ErasureRequested(erasure_id="x", address="user0@example.org", requested_at=now())
    await furnish(console, erased)
    assert await look(console, told) == await look(console, counted)
    assert await look(console, lambda session: refs(session, ReportText, "user0@example.org")) == []
    assert await look(console, lambda session: session.get(Reporter, "user0@example.org")) is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bank1", ["case-1"]), ("ACCOUNT lock", ["case-1", "case-0"]), ("login.bank0.exam", ["case-0"]), ('"is account"', []),
        ("user2@example.org", ["case-0"]), ("bill.pdf", ["case-1", "case-0"]), ("nothing", []), ("' OR 1=1 --", []), ('"*()^:', []),
    ],
)  # fmt: skip
async def test_cases_are_found_by_words_the_newest_first(console: House, words: str, found: list[str]) -> None:
    await furnish(console, *campaign(0, 3), *campaign(1, 2))
    cases_of_words = await look(console, lambda session: [case.id for case in cases_found(session, words)[0]])
    assert cases_of_words == found or set(cases_of_words) == set(found)


async def test_a_search_goes_on_until_every_match_was_shown_though_few_of_them_fit(console: House) -> None:
    await furnish(console, *(event for number in range(7) for event in campaign(number, 1)))
    odd = CaseTriaged(case_id="case-3", report_id="again", decision="review", priority="low", reasons=())
    await furnish(console, odd)
    assert await pages(console, Wanted("all", "account")) == [f"case-{number}" for number in reversed(range(7))]
    assert await pages(console, Wanted("all", "account", priority="low")) == ["case-3"]
    assert await pages(console, Wanted("all", "bank2.exam service")) == ["case-2"]
    with pytest.raises(ValueError, match="no cursor"):
        await look(console, lambda session: cases(session, Wanted("all", "account", before="9'9"), now()))


async def pages(console: House, wanted: Wanted) -> list[str]:
    """The ids of all pages of three."""
    ids: list[str] = []
    while True:
        page, before = await look(console, lambda session, asked=wanted: cases(session, asked, now(), 3))
        ids += [case.id for case in page]
        if not before:
            return ids
        wanted = replace(wanted, before=before)


async def test_a_search_in_quarantine_goes_on_past_its_first_page(console: House) -> None:
    await furnish(console, *(event for number in range(PAGE + 5) for event in list(held(number))[:1]))
    first, more = await look(console, lambda session: copies(session, Paged("held", "parcel")))
    rest, end = await look(console, lambda session: copies(session, Paged("held", "parcel", before=more)))
    ids = [copy.held_id for copy, _ in (*first, *rest)]
    assert ids == [f"held-{number}" for number in reversed(range(PAGE + 5))]
    assert (len(first), end) == (PAGE, "")


async def test_a_preview_meets_what_an_entry_would_and_nothing_that_looks_alike(console: House) -> None:
    await furnish(console, *campaign(1, 2), *campaign(11, 1), *held(1))
    since = now().replace(year=2000)
    met = await look(console, lambda session: would_hit(session, "domain", "bank1.example", since))
    assert ({report.case_id for report in met.reports}, len(met.held), met.is_cut) == ({"case-1"}, 1, False)
    linked = await look(console, lambda session: would_hit(session, "url", "https://login.bank1.example/verify", since))
    assert len(linked.reports) == len(met.reports)
    assert await look(console, lambda session: refs(session, HeldText, "bank1")) == ["held-1"]


async def test_the_queue_goes_by_turn_and_its_pages_have_no_gaps(console: House) -> None:
    await furnish(console, *(event for number in range(7) for event in campaign(number, 1)))
    seen: list[str] = []
    before = ""
    while True:
        page, before = await look(console, lambda session, at=before: cases(session, Wanted(before=at), now(), 3))
        seen += [case.id for case in page]
        if not before:
            break
    assert seen == [f"case-{number}" for number in range(7)]
    assert await look(console, lambda session: len(session.exec(select(Report)).all())) == 7

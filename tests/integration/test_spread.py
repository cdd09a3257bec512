"""Who got mail of a case, or was spared it: each person once, whatever comes first."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from services.triage.forget import forget, on_erasure_requested
from services.triage.handlers import foresee_entries, on_block_created, on_block_hit, on_case_edited
from services.triage.tables import Spared
from shared.events import (
    BlockCreated,
    BlockHit,
    BlockOrigin,
    CaseEdited,
    ErasureRequested,
    MailEnvelope,
    MessageFacts,
    QuarantineHeld,
    ReportReceived,
)
from shared.work import Work, now
from tests.integration.test_cases import REPORTS, Triage, sha256_of


@pytest.fixture
def triage(tmp_path: Path) -> Iterator[Triage]:
    made = Triage(tmp_path)
    yield made
    made.database.leave()


def people(count: int, name: str = "p") -> tuple[str, ...]:
    return tuple(f"{name}{number}@example.org" for number in range(count))


def held(triage: Triage, mail: str, recipients: Sequence[str], **facts: Any) -> None:
    """The gateway holds a copy of a mail."""
    message = MessageFacts(sha256=sha256_of(mail), size_bytes=1, **facts)
    event = QuarantineHeld(
        held_id=f"{mail}{recipients}", message=message, envelope=MailEnvelope(rcpt_to=tuple(recipients)), reason="spam",
        held_at=now(), expires_at=now(),
    )  # fmt: skip

    def handle(work: Work) -> None:
        REPORTS.foresee_held([event], work)
        REPORTS.on_quarantine_held(event, work)

    triage.database.do(handle)


def of_another(triage: Triage) -> str:
    """A report, by Bo, of mail `z`, which is like no other; its id."""
    event = ReportReceived(
        report_id="z", category="phishing", reporter="bo@example.org", source="http", received_at=now(),
        message=MessageFacts(sha256=sha256_of("z"), size_bytes=1),
    )  # fmt: skip

    def handle(work: Work) -> None:
        REPORTS.foresee([event], work)
        REPORTS.on_report_received(event, work)

    triage.database.do(handle)
    return "z"


def entry(block_id: str, case_id: str) -> BlockCreated:
    origin = BlockOrigin(by="verdict", case_id=case_id)
    return BlockCreated(block_id=block_id, kind="domain", value="evil.example", action="block", origin=origin)


def hit(block_id: str, recipient: str) -> BlockHit:
    return BlockHit(
        block_id=block_id, kind="domain", value="evil.example", action="block", hit_id=f"{block_id}{recipient}",
        enforcer="rspamd", recipient=recipient,
    )  # fmt: skip


def tell(triage: Triage, *events: BlockCreated | BlockHit) -> None:
    """The block list says something."""
    for event in events:

        def handle(work: Work, event: BlockCreated | BlockHit = event) -> None:
            foresee_entries([event], work)
            if isinstance(event, BlockHit):
                on_block_hit(event, work)
            else:
                on_block_created(event, work)

        triage.database.do(handle)


def counts(triage: Triage, report_id: str) -> tuple[int, int, int]:
    case = triage.case_of(report_id)
    return case.reporter_count, case.recipient_count, case.spared_count


def told(triage: Triage) -> list[tuple[int, int]]:
    outbox = triage.database.outbox.c
    query = select(outbox.fields).where(outbox.stream == "case.spread.v1").order_by(outbox.seq)
    rows = triage.database.see(lambda session: session.execute(query).all())
    facts = [json.loads(json.loads(fields)["data"]) for (fields,) in rows]
    return [(fact["recipient_count"], fact["spared_count"]) for fact in facts]


def test_held_copies_count_after_the_report_and_before_it(triage: Triage) -> None:
    held(triage, "a", ("Bob@example.org", "carl@example.org"))
    report = triage.report("a", reporter="ana@example.org")
    assert counts(triage, report) == (1, 3, 2)
    held(triage, "a", ("bob@example.org", "dora@example.org"))
    assert counts(triage, report) == (1, 4, 3)


def test_a_held_mail_that_is_like_a_reported_one_counts(triage: Triage) -> None:
    report = triage.report("a", reporter="ana@example.org")
    held(triage, "b", people(3), urls=("evil.example/verify",), from_domain="a.example")
    held(triage, "c", people(9, "other"), urls=("bank.example/else",))
    assert counts(triage, report) == (1, 4, 3)


def test_who_reports_what_they_were_spared_did_get_it(triage: Triage) -> None:
    held(triage, "a", people(2))
    report = triage.report("a", reporter="ana@example.org")
    triage.report("a", reporter="p0@example.org")
    assert counts(triage, report) == (2, 3, 1)


def _orders() -> dict[str, Callable[[Triage], str]]:
    def as_it_happens(triage: Triage) -> str:
        report = triage.report("a", reporter="ana@example.org")
        tell(triage, entry("e", triage.case_of(report).case_id), *(hit("e", one) for one in people(2)))
        return report

    def hits_first(triage: Triage) -> str:
        report = triage.report("a", reporter="ana@example.org")
        tell(triage, *(hit("e", one) for one in people(2)), entry("e", triage.case_of(report).case_id))
        return report

    return {"as it happens": as_it_happens, "hits before their entry": hits_first}


@pytest.mark.parametrize("order", _orders())
def test_who_an_entry_of_the_case_stops_mail_to_counts_once(triage: Triage, order: str) -> None:
    report = _orders()[order](triage)
    tell(triage, hit("e", "P0@example.org"), hit("e", ""), hit("other", "x@example.org"))
    assert counts(triage, report) == (1, 3, 2)


def test_hits_of_a_case_that_is_not_known_yet_are_counted_when_it_opens(triage: Triage, tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    before = Triage(tmp_path / "before")
    case_id = before.case_of(before.report("a", reporter="ana@example.org")).case_id
    before.database.leave()
    tell(triage, entry("e", case_id), *(hit("e", one) for one in people(2)))
    report = triage.report("a", reporter="ana@example.org")
    assert (triage.case_of(report).case_id, counts(triage, report)) == (case_id, (1, 3, 2))


def test_a_merged_case_goes_on_counting_what_its_entries_stop(triage: Triage) -> None:
    one, other = triage.report("a", reporter="ana@example.org"), of_another(triage)
    source, target = triage.case_of(one).case_id, triage.case_of(other).case_id
    tell(triage, entry("e", source))
    edit = CaseEdited(edit_id="m", case_id=source, by="eve", merged_into=target)
    triage.database.do(lambda work: on_case_edited(edit, work))
    tell(triage, hit("e", "bob@example.org"))
    assert source != target
    assert counts(triage, other) == (2, 3, 1)


def test_a_number_is_told_again_when_it_has_grown_by_a_tenth(triage: Triage) -> None:
    triage.report("a", reporter="ana@example.org")
    assert told(triage) == []  # nobody but who reported it
    for number in range(40):
        held(triage, "a", (f"p{number}@example.org",))
    numbers = [count for count, _ in told(triage)]
    assert numbers[:9] == list(range(2, 11))
    assert all(later * 10 >= earlier * 11 for earlier, later in itertools.pairwise(numbers))
    assert numbers[-1] >= 37
    assert told(triage)[0] == (2, 1)


def test_many_people_make_a_case_more_urgent(triage: Triage) -> None:
    few = triage.report("a", reporter="ana@example.org")
    held(triage, "z", people(30))
    many = of_another(triage)
    assert [triage.case_of(one).priority for one in (few, many)] == ["normal", "high"]


def test_people_are_counted_up_to_a_thousand_and_reporters_always(triage: Triage) -> None:
    report = triage.report("a", reporter="ana@example.org")
    for batch in range(22):
        held(triage, "a", people(50, f"b{batch}-"))
    assert counts(triage, report) == (1, 1_000, 999)
    triage.report("a", reporter="zoe@example.org")
    assert counts(triage, report) == (2, 1_001, 999)


def test_who_was_spared_is_forgotten_in_time_and_on_demand(triage: Triage) -> None:
    held(triage, "a", ("bob@example.org", "carl@example.org"))
    erasure = ErasureRequested(erasure_id="e", address="bob@example.org", requested_at=now())
    triage.database.do(lambda work: on_erasure_requested(erasure, work))
    left = select(Spared.address)
    assert triage.database.see(lambda session: session.exec(left).all()) == ["carl@example.org"]
    triage.database.do(lambda work: forget(now(), work))
    assert triage.database.see(lambda session: session.exec(left).all()) == []

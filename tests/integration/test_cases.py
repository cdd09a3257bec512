"""What the mails of a case say of each other: bad verdicts are inherited by those that say nothing, good ones by nobody."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from services.triage.handlers import Reports, foresee_verdicts, on_verdict_issued
from services.triage.handlers.telling import tell_step
from services.triage.rulebook import Rulebook
from services.triage.tables import METADATA, Case, Report, Reporter, Sample
from shared.events import MessageFacts, ReportReceived, VerdictIssued, fact_id
from shared.events.vocabulary import VerdictCategory
from shared.work import Work, now
from tests.databases import QuickDatabase

REPORTS = Reports(Rulebook())


class Triage:
    """Triage over its real tables, without loops."""

    def __init__(self, folder: Path) -> None:
        self.database = QuickDatabase(f"sqlite:///{folder}/triage.db", "triage", METADATA)
        self.version = 0

    def report(self, mail: str, *, borrowed: bool = False, reporter: str = "", **more: object) -> str:
        """A report of a mail of the campaign, or of one that only borrows its Message-ID; the report's id."""
        facts: dict[str, object] = {
            "sha256": sha256_of(mail),
            "size_bytes": 1,
            "message_id": "m",
            "from_domain": "a.example",
        }
        if not borrowed:
            facts["urls"] = ("evil.example/verify",)
        report_id = fact_id(mail, reporter, *more.values())
        event = ReportReceived(
            report_id=report_id,
            category="phishing",
            reporter=reporter,
            source="http",
            message=MessageFacts.model_validate(facts),
            received_at=now(),
            **more,
        )

        def handle(work: Work) -> None:
            REPORTS.foresee([event], work)
            REPORTS.on_report_received(event, work)

        self.database.do(handle)
        return report_id

    def verdict(self, mail: str, category: VerdictCategory, confidence: float = 0.9) -> None:
        """The analysis of a mail says something new."""
        self.version += 1
        sample = self.sample(mail)
        event = VerdictIssued(
            submission_id=sample.sha256,
            case_id=sample.asked_as,
            message_sha256=sample.sha256,
            version=self.version,
            category=category,
            confidence=confidence,
            cause="undetermined",
        )

        def handle(work: Work) -> None:
            foresee_verdicts([event], work)
            on_verdict_issued(event, work)

        self.database.do(handle)
        untold = self.database.see(lambda session: session.exec(select(Sample.sha256).where(Sample.untold)).all())
        self.database.do(lambda work: [tell_step(work.get(Sample, one), work) for one in untold])

    def sample(self, mail: str) -> Any:
        return self.database.see(lambda session: session.get(Sample, sha256_of(mail)))

    def case_of(self, report_id: str) -> Any:
        mine = select(Case).join(Report, col(Report.case_id) == Case.case_id).where(Report.report_id == report_id)
        return self.database.see(lambda session: session.exec(mine).one())

    def said(self, report_id: str) -> list[tuple[str, bool]]:
        """What a report was told, one after the other."""
        outbox = self.database.outbox.c
        query = select(outbox.fields).where(outbox.stream == "report.resolved.v1").order_by(outbox.seq)
        rows = [
            json.loads(json.loads(fields)["data"]) for (fields,) in self.database.see(lambda s: s.execute(query).all())
        ]
        return [(row["category"], row["inherited"]) for row in rows if row["report_id"] == report_id]


def sha256_of(mail: str) -> str:
    return mail.encode().hex().ljust(64, "0")


@pytest.fixture
def triage(tmp_path: Path) -> Iterator[Triage]:
    made = Triage(tmp_path)
    yield made
    made.database.leave()


def test_a_mail_that_says_nothing_inherits_from_a_bad_one_of_its_case(triage: Triage) -> None:
    one, other = triage.report("a"), triage.report("b")
    triage.verdict("b", "unknown", 0.0)
    assert triage.said(other) == [("unknown", False)]
    triage.verdict("a", "phishing")
    assert triage.said(one) == [("phishing", False)]
    assert triage.said(other) == [("unknown", False), ("phishing", True)]


def test_a_mail_that_is_analysed_later_inherits_at_once(triage: Triage) -> None:
    triage.report("a")
    triage.verdict("a", "spam")
    other = triage.report("b")
    triage.verdict("b", "unknown", 0.0)
    assert triage.said(other) == [("spam", True)]


@pytest.mark.parametrize("good", ["clean", "bulk", "simulation"])
def test_nothing_good_is_inherited(triage: Triage, good: VerdictCategory) -> None:
    triage.report("a")
    triage.verdict("a", good)
    other = triage.report("b")
    triage.verdict("b", "unknown", 0.0)
    assert triage.said(other) == [("unknown", False)]


def test_its_own_verdict_counts_more_than_its_case_s(triage: Triage) -> None:
    triage.report("a")
    triage.verdict("a", "phishing")
    other = triage.report("b")
    triage.verdict("b", "bulk")
    assert triage.said(other) == [("bulk", False)]


def test_what_was_inherited_is_taken_back_with_the_verdict_that_it_came_from(triage: Triage) -> None:
    one, other = triage.report("a"), triage.report("b")
    triage.verdict("b", "unknown", 0.0)
    triage.verdict("a", "phishing")
    triage.verdict("a", "clean")
    assert triage.said(one) == [("phishing", False), ("clean", False)]
    assert triage.said(other) == [("unknown", False), ("phishing", True), ("unknown", False)]
    assert triage.case_of(one).category == "clean"


def test_a_case_stands_by_the_next_worst_when_the_worst_is_taken_back(triage: Triage) -> None:
    report = triage.report("a")
    triage.report("b")
    triage.verdict("a", "malware")
    triage.verdict("b", "spam")
    assert triage.case_of(report).category == "malware"
    triage.verdict("a", "clean")
    assert (triage.case_of(report).category, triage.case_of(report).leader) == ("spam", sha256_of("b"))


def test_nothing_is_inherited_from_a_mail_that_only_borrows_a_message_id(triage: Triage) -> None:
    honest = triage.report("a")
    triage.verdict("a", "unknown", 0.0)
    phish = triage.report("b", borrowed=True)
    triage.verdict("b", "phishing")
    assert triage.said(honest) == [("unknown", False)]
    assert triage.case_of(honest) == triage.case_of(phish)
    assert triage.case_of(honest).category == "phishing"


def test_a_case_counts_people_once(triage: Triage) -> None:
    envelope = {"rcpt_to": ("ana@example.org", "bob@example.org")}
    triage.report("a", reporter="ana@example.org", envelope=envelope)
    triage.report("a", reporter="Ana@example.org")
    report = triage.report("b", reporter="carl@example.org")
    case = triage.case_of(report)
    assert (case.report_count, case.reporter_count, case.recipient_count, case.sample_count) == (3, 2, 3, 2)


def closings(triage: Triage) -> list[tuple[str, str]]:
    outbox = triage.database.outbox.c
    query = select(outbox.fields).where(outbox.stream == "case.closed.v1").order_by(outbox.seq)
    rows = [
        json.loads(json.loads(fields)["data"]) for (fields,) in triage.database.see(lambda s: s.execute(query).all())
    ]
    return [(row["reason"], row["category"]) for row in rows]


def test_a_case_is_closed_when_all_its_mails_have_verdicts_and_opened_by_a_new_mail(triage: Triage) -> None:
    triage.report("a")
    triage.report("b")
    triage.verdict("a", "phishing")
    assert closings(triage) == []
    triage.verdict("b", "unknown", 0.0)
    assert closings(triage) == [("resolved", "phishing")]
    triage.report("a", reporter="bob@example.org")
    assert len(closings(triage)) == 1
    report = triage.report("c")
    assert not triage.case_of(report).closed
    triage.verdict("c", "spam")
    assert closings(triage) == [("resolved", "phishing"), ("resolved", "phishing")]


def test_a_case_of_which_nobody_knows_what_it_is_stays_open(triage: Triage) -> None:
    report = triage.report("a")
    triage.verdict("a", "unknown", 0.0)
    assert closings(triage) == []
    assert triage.case_of(report).due_at > triage.case_of(report).opened_at


def test_reports_that_prove_right_count_for_their_reporter_once(triage: Triage) -> None:
    triage.report("a", reporter="ana@example.org", reporter_verified=True)
    triage.report("b", reporter="bob@example.org")
    triage.verdict("a", "phishing")
    triage.verdict("a", "malware")
    triage.verdict("b", "phishing")
    rows = triage.database.see(lambda session: session.exec(select(Reporter)).all())
    assert [(row.right, row.wrong) for row in rows] == [(1.0, 0.0)]
    triage.verdict("a", "clean")
    rows = triage.database.see(lambda session: session.exec(select(Reporter)).all())
    assert [(row.right, row.wrong) for row in rows] == [(0.0, 1.0)]

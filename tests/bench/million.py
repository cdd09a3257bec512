"""A read model of a million reports, made in bulk as a year of events would have left it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert
from sqlmodel import SQLModel

from services.console.rules.mail import texts_of
from services.console.rules.search import words_of
from services.console.tables import (
    Activity,
    Block,
    Case,
    Copy,
    Count,
    Held,
    HeldText,
    Report,
    Reporter,
    ReportText,
    Verdict,
)
from shared.bulk import Bulk
from shared.events import fact_id

WORDS = [
    "invoice",
    "parcel",
    "account",
    "payment",
    "order",
    "meeting",
    "statement",
    "voice",
    "document",
    "renewal",
    "salary",
    "tax",
    "bonus",
    "delivery",
]
VERDICTS = ("phishing", "phishing", "spam", "bulk", "clean", "unknown", "malware")
AT_ONCE = 5_000


class World:
    """Rows, each made from its number."""

    def __init__(self, reports: int) -> None:
        self.reports, self.cases = reports, reports * 2 // 5
        self.end = datetime.now(UTC)
        self.step = timedelta(days=360) / reports

    def case_of(self, report: int) -> int:
        """Two of five reports open a case; the others join one of the last thousand, a few of them a large one."""
        if report % 5 < 2:
            return report // 5 * 2 + report % 5
        chance = random.Random(report)
        return 0 if chance.random() < 0.01 else max(0, report * 2 // 5 - chance.randrange(1, 1_000))

    def at(self, report: int) -> datetime:
        return self.end - self.step * (self.reports - report)

    def message(self, case: int) -> dict[str, Any]:
        chance, host = random.Random(case), f"host{case % 50_000}.example"
        return {
            "sha256": f"{case:064x}", "size_bytes": 9_000, "subject": f"{chance.choice(WORDS)} {chance.choice(WORDS)} {case}",
            "from_address": f"a{case}@{host}", "from_domain": host, "from_name": chance.choice(WORDS), "reply_to": "", "message_id": f"{case}@{host}",
            "urls": [f"http://{host}/{case}", f"http://cdn.{host}/x"], "attachments": [], "defects": [], "outside_ip": "",
            "authentication": {"spf": "pass", "dkim": None, "dmarc": "fail"},
        }  # fmt: skip

    def report_rows(self) -> Iterator[Report]:
        for number in range(self.reports):
            case, person = self.case_of(number), f"user{number % 5_000}@example.org"
            message = self.message(case)
            yield Report(
                id=fact_id("report", number), at=self.at(number), state="received", case_id=fact_id("case", case), category="phishing",
                reporter=person, source="smtp", sha256=message["sha256"], from_address=message["from_address"], subject=message["subject"],
                message=message, envelope={"mail_from": message["from_address"], "rcpt_to": [person]}, resolved_at=self.at(number),
                verdict_category=VERDICTS[case % 7], verdict_confidence=0.9, verdict_version=1,
            )  # fmt: skip

    def text_rows(self) -> Iterator[ReportText]:
        for number in range(self.reports):
            person = f"user{number % 5_000}@example.org"
            words = words_of([person, *texts_of(self.message(self.case_of(number)), {"rcpt_to": [person]})])
            yield ReportText(number=number + 1, ref=fact_id("report", number), words=words)

    def case_rows(self) -> Iterator[Case]:
        for case in range(self.cases):
            at, message, verdict = self.at(case * 5 // 2), self.message(case), VERDICTS[case % 7]
            waits = verdict == "unknown" and case % 100 < 12
            yield Case(
                id=fact_id("case", case), at=at, category="phishing", subject=message["subject"], from_address=message["from_address"],
                report_count=3, decision="submit", priority="normal", reasons=["Reported as phishing."], verdict_version=1,
                verdict_category=verdict, verdict_confidence=0.9, verdict_cause="filter_missed", verdict_at=at, closed_at=None if waits else at,
                stage="wait" if waits else "done", tallied=True, due_at=at + timedelta(days=2), turn_at=at + timedelta(days=2),
                owner="operator" if case % 50 == 0 else "",
            )  # fmt: skip

    def verdict_rows(self) -> Iterator[Verdict]:
        evidence = [
            {"signal": f"s{n}", "text": "It presses for time.", "where": "text", "weight": 1.0} for n in range(6)
        ]
        for case in range(self.cases):
            yield Verdict(
                id=f"{fact_id('case', case)}/1", at=self.at(case * 5 // 2), case_id=fact_id("case", case), version=1, category=VERDICTS[case % 7],
                confidence=0.9, cause="filter_missed", evidence=evidence, analysers=[{"name": "local", "evaluation": "malicious"}],
            )  # fmt: skip

    def block_rows(self) -> Iterator[Block]:
        for number in range(self.cases // 4):
            status = ("active", "active", "expired", "refused")[number % 4]
            yield Block(
                id=fact_id("block", number), at=self.at(number * 10), kind="address", value=f"a{number}@host{number}.example", status=status,
                tallied=True, expires_at=self.end + timedelta(minutes=number % 40_000), by="verdict", hit_count=number % 9,
            )  # fmt: skip

    def held_rows(self) -> Iterator[Held]:
        for number in range(self.reports // 5):
            message = self.message(number)
            yield Held(
                id=fact_id("held", number), at=self.at(number * 5), subject=message["subject"], from_address=message["from_address"],
                reason="spam", message=message, expires_at=self.end + timedelta(days=20),
            )  # fmt: skip

    def held_text_rows(self) -> Iterator[HeldText]:
        for number in range(self.reports // 5):
            yield HeldText(
                number=number + 1, ref=fact_id("held", number), words=words_of(texts_of(self.message(number), None))
            )

    def copy_rows(self) -> Iterator[Copy]:
        for number in range(self.reports // 5):
            held, person = fact_id("held", number), f"user{number % 5_000}@example.org"
            status = "release_requested" if number % 1_000 == 0 else "held" if number % 3 else "released"
            yield Copy(
                id=f"{held}/{person}",
                at=self.at(number * 5),
                held_id=held,
                recipient=person,
                status=status,
                tallied=True,
            )

    def activity_rows(self) -> Iterator[Activity]:
        for number in range(self.reports):
            yield Activity(
                id=number + 1, fact=fact_id("line", number), at=self.at(number), kind="report.received", word="phishing",
                line="Reported as phishing by a report mailbox", case_id=fact_id("case", self.case_of(number)), report_id=fact_id("report", number),
            )  # fmt: skip

    def count_rows(self) -> Iterator[Count]:
        waiting = sum(VERDICTS[case % 7] == "unknown" and case % 100 < 12 for case in range(self.cases))
        held = self.reports // 5
        standing = {
            "case": {"wait": waiting, "done": self.cases - waiting},
            "copy": {"held": held * 2 // 3, "release_requested": held // 1_000},
        }
        for measure, words in standing.items():
            yield from (Count(id=f"{measure}//{word}", measure=measure, word=word, n=n) for word, n in words.items())
        for day in range(365):
            text = (self.end - timedelta(days=day)).date().isoformat()
            for measure, kinds in (
                ("report", ("phishing", "junk")),
                ("verdict", VERDICTS[1:]),
                ("wait", ("1", "10", "60")),
            ):
                yield from (
                    Count(id=f"{measure}/{text}/{word}", measure=measure, day=text, word=word, n=400) for word in kinds
                )
        for text in {(self.end - timedelta(days=day)).date().replace(day=1).isoformat() for day in range(360)}:
            yield from (
                Count(
                    id=f"target/{text}/user{n}@example.org",
                    measure="target",
                    day=text,
                    word=f"user{n}@example.org",
                    n=n % 40,
                )
                for n in range(5_000)
            )

    def reporter_rows(self) -> Iterator[Reporter]:
        for number in range(5_000):
            yield Reporter(
                id=f"user{number}@example.org",
                at=self.end,
                report_count=self.reports // 5_000,
                right=number % 90,
                wrong=number % 9,
            )


def fill(connection: Connection, reports: int) -> None:
    """Write a world into empty tables."""
    world = World(reports)
    for rows in (
        world.report_rows(), world.text_rows(), world.case_rows(), world.verdict_rows(), world.block_rows(), world.held_rows(),
        world.held_text_rows(), world.copy_rows(), world.activity_rows(), world.count_rows(), world.reporter_rows(),
    ):  # fmt: skip
        _write(connection, rows)


def _write(connection: Connection, rows: Iterator[SQLModel]) -> None:
    bulk: Bulk | None = None
    while some := list(islice(rows, AT_ONCE)):
        table: Any = type(some[0]).metadata.tables[str(type(some[0]).__tablename__)]
        names = [column.key for column in table.columns]
        bulk = bulk or Bulk(insert(table).inline(), names)
        bulk.run(connection, [tuple(getattr(row, name) for name in names) for row in some])

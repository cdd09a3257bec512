"""A read model of a million reports, made in bulk as a year of events would have left it."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
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
from shared.work import Database, Work

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

#: Rows of one transaction: larger ones make a log of gigabytes.
AT_ONCE = 20_000

#: A writer that has memory and copies its log seldom, for keys are hashes: every row goes to another page.
ROOMY = ("PRAGMA cache_size=-1000000", "PRAGMA wal_autocheckpoint=50000")

#: Columns of a row and what they hold; those that are left out hold their default.
Row = dict[str, Any]


@lru_cache(2_000)  # a case has several reports, one soon after the other
def message_of(case: int) -> dict[str, Any]:
    chance, host = random.Random(case), f"host{case % 50_000}.example"
    return {
        "sha256": f"{case:064x}", "size_bytes": 9_000, "subject": f"{chance.choice(WORDS)} {chance.choice(WORDS)} {case}",
        "from_address": f"a{case}@{host}", "from_domain": host, "from_name": chance.choice(WORDS), "reply_to": "", "message_id": f"{case}@{host}",
        "urls": [f"http://{host}/{case}", f"http://cdn.{host}/x"], "attachments": [], "defects": [], "outside_ip": "",
        "authentication": {"spf": "pass", "dkim": None, "dmarc": "fail"},
    }  # fmt: skip


@lru_cache(2_000)
def words_of_case(case: int) -> str:
    return words_of(texts_of(message_of(case), None))


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

    def report_rows(self) -> Iterator[Row]:
        for number in range(self.reports):
            case, person = self.case_of(number), f"user{number % 5_000}@example.org"
            message = message_of(case)
            yield Row(
                id=fact_id("report", number), at=self.at(number), state="received", case_id=fact_id("case", case), category="phishing",
                reporter=person, source="smtp", sha256=message["sha256"], from_address=message["from_address"], subject=message["subject"],
                message=message, envelope={"mail_from": message["from_address"], "rcpt_to": [person]}, resolved_at=self.at(number),
                verdict_category=VERDICTS[case % 7], verdict_confidence=0.9, verdict_version=1,
            )  # fmt: skip

    def text_rows(self) -> Iterator[Row]:
        for number in range(self.reports):
            person = f"user{number % 5_000}@example.org"
            words = f"{words_of([person])} {words_of_case(self.case_of(number))}"
            yield Row(number=number + 1, ref=fact_id("report", number), words=words)

    def case_rows(self) -> Iterator[Row]:
        for case in range(self.cases):
            at, message, verdict = self.at(case * 5 // 2), message_of(case), VERDICTS[case % 7]
            waits = verdict == "unknown" and case % 100 < 12
            yield Row(
                id=fact_id("case", case), at=at, category="phishing", subject=message["subject"], from_address=message["from_address"],
                report_count=3 if case else self.reports // 160, decision="submit", priority="normal", reasons=["Reported as phishing."], verdict_version=1,
                verdict_category=verdict, verdict_confidence=0.9, verdict_cause="filter_missed", verdict_at=at, closed_at=None if waits else at,
                stage="wait" if waits else "done", tallied=True, due_at=at + timedelta(days=2), turn_at=at + timedelta(days=2),
                owner="operator" if case % 50 == 0 else "",
            )  # fmt: skip

    def verdict_rows(self) -> Iterator[Row]:
        evidence = [
            {"signal": f"s{n}", "text": "It presses for time.", "where": "text", "weight": 1.0} for n in range(6)
        ]
        for case in range(self.cases):
            yield Row(
                id=f"{fact_id('case', case)}/1", at=self.at(case * 5 // 2), case_id=fact_id("case", case), version=1, category=VERDICTS[case % 7],
                confidence=0.9, cause="filter_missed", evidence=evidence, analysers=[{"name": "local", "evaluation": "malicious"}],
            )  # fmt: skip

    def block_rows(self) -> Iterator[Row]:
        for number in range(self.cases // 4):
            status = ("active", "active", "expired", "refused")[number % 4]
            yield Row(
                id=fact_id("block", number), at=self.at(number * 10), kind="address", value=f"a{number}@host{number}.example", status=status,
                tallied=True, expires_at=self.end + timedelta(minutes=number % 40_000), by="verdict", hit_count=number % 9,
            )  # fmt: skip

    def held_rows(self) -> Iterator[Row]:
        for number in range(self.reports // 5):
            message = message_of(number)
            yield Row(
                id=fact_id("held", number), at=self.at(number * 5), subject=message["subject"], from_address=message["from_address"],
                reason="spam", message=message, expires_at=self.end + timedelta(days=20),
            )  # fmt: skip

    def held_text_rows(self) -> Iterator[Row]:
        for number in range(self.reports // 5):
            yield Row(number=number + 1, ref=fact_id("held", number), words=words_of_case(number))

    def copy_rows(self) -> Iterator[Row]:
        for number in range(self.reports // 5):
            held, person = fact_id("held", number), f"user{number % 5_000}@example.org"
            status = "release_requested" if number % 1_000 == 0 else "held" if number % 3 else "released"
            yield Row(
                id=f"{held}/{person}",
                at=self.at(number * 5),
                held_id=held,
                recipient=person,
                status=status,
                tallied=True,
            )

    def activity_rows(self) -> Iterator[Row]:
        for number in range(self.reports):
            yield Row(
                id=number + 1, fact=fact_id("line", number), at=self.at(number), kind="report.received", word="phishing",
                line="Reported as phishing by a report mailbox", case_id=fact_id("case", self.case_of(number)), report_id=fact_id("report", number),
            )  # fmt: skip

    def count_rows(self) -> Iterator[Row]:
        waiting = sum(VERDICTS[case % 7] == "unknown" and case % 100 < 12 for case in range(self.cases))
        held = self.reports // 5
        standing = {
            "case": {"wait": waiting, "done": self.cases - waiting},
            "copy": {"held": held * 2 // 3, "release_requested": held // 1_000},
        }
        for measure, words in standing.items():
            yield from (Row(id=f"{measure}//{word}", measure=measure, word=word, n=n) for word, n in words.items())
        for day in range(365):
            text = (self.end - timedelta(days=day)).date().isoformat()
            for measure, kinds in (
                ("report", ("phishing", "junk")),
                ("verdict", VERDICTS[1:]),
                ("wait", ("1", "10", "60")),
            ):
                yield from (
                    Row(id=f"{measure}/{text}/{word}", measure=measure, day=text, word=word, n=400) for word in kinds
                )
        for text in {(self.end - timedelta(days=day)).date().replace(day=1).isoformat() for day in range(360)}:
            yield from (
                Row(
                    id=f"target/{text}/user{n}@example.org",
                    measure="target",
                    day=text,
                    word=f"user{n}@example.org",
                    n=n % 40,
                )
                for n in range(5_000)
            )

    def reporter_rows(self) -> Iterator[Row]:
        for number in range(5_000):
            yield Row(
                id=f"user{number}@example.org",
                at=self.end,
                report_count=self.reports // 5_000,
                right=number % 90,
                wrong=number % 9,
            )


def tables(reports: int) -> dict[type[SQLModel], Iterator[Row]]:
    """The rows of each table."""
    world = World(reports)
    return {
        Report: world.report_rows(), ReportText: world.text_rows(), Case: world.case_rows(), Verdict: world.verdict_rows(),
        Block: world.block_rows(), Held: world.held_rows(), HeldText: world.held_text_rows(), Copy: world.copy_rows(),
        Activity: world.activity_rows(), Count: world.count_rows(), Reporter: world.reporter_rows(),
    }  # fmt: skip


async def fill(database: Database, reports: int) -> None:
    """Write a world into empty tables, slice by slice; a table's indexes are made once all its rows are there."""
    for kind, rows in tables(reports).items():
        await _load(database, kind, rows)


async def _load(database: Database, kind: type[SQLModel], rows: Iterator[Row]) -> None:
    table = kind.metadata.tables[str(kind.__tablename__)]
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    fields = {name: field for name, field in kind.model_fields.items() if not field.is_required()}
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    blank = dict.fromkeys(table.columns.keys()) | defaults
    bulk = Bulk(insert(table).inline(), list(blank))
    for index in indexes:
        await database.run(partial(_on, index.drop))
    while some := [tuple((blank | row).values()) for row in islice(rows, AT_ONCE)]:
        await database.run(partial(_on, partial(bulk.run, rows=some)))
    for index in indexes:
        await database.run(partial(_on, index.create))


def _on(act: Callable[[Connection], None], work: Work) -> None:
    connection = work.session.connection()
    if connection.dialect.name == "sqlite":
        for pragma in ROOMY:
            connection.exec_driver_sql(pragma)
    act(connection)

"""Held mail in numbers: `python -m tests.bench.quarantine [COUNT] [DATABASE_URL]` files, searches and expires so many mails."""

import asyncio
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from services.digest.handlers.filing import Filing
from services.digest.policybook import PolicyBook
from services.digest.releasing.jobs import end_over
from services.digest.searching import Search, search
from services.digest.tables import METADATA
from shared.events import MailEnvelope, MessageFacts, QuarantineHeld
from shared.work import Database, Work

#: Events of one transaction, recipients, words of subjects, and how often each search is run.
BATCH, PEOPLE, WORDS, TIMES = 200, 10_000, 5_000, 20

START = datetime(2026, 9, 1, tzinfo=UTC)

SEARCHES: dict[str, dict[str, Any]] = {
    "the newest": {},
    "a recipient": {"recipient": "p77@example.org"},
    "a sender's address": {"sender": "s7@d7.example"},
    "a sender's domain": {"sender": "d7.example"},
    "a rare reason": {"reason": "malware"},
    "a status nobody has": {"status": "denied"},
    "a week": {"since": START + timedelta(days=10), "until": START + timedelta(days=17)},
    "a rare word": {"text": "w4999"},
    "a word of every mail": {"text": "offer"},
    "a word in the subject": {"subject": "w77"},
    "the beginning of words": {"text": "w4"},
    "two words": {"text": "offer w12"},
    "a word and a recipient": {"text": "offer", "recipient": "p77@example.org"},
    "a word and a rare reason": {"text": "offer", "reason": "malware"},
    "no such word": {"text": "nothing"},
}


def mails(count: int) -> Any:
    """Mails of thirty days, most of them spam, each with two recipients at most."""
    chance = random.Random(7)  # the same mails in every run
    for number in range(count):
        at = START + timedelta(seconds=number * 30 * 86_400 / count)
        sender = int(chance.paretovariate(0.6)) % 20_000
        subject = "Special offer " + " ".join(f"w{int(chance.paretovariate(0.4)) % WORDS}" for _ in range(6))
        people = {f"p{chance.randrange(PEOPLE)}@example.org" for _ in range(chance.choice((1, 1, 1, 2)))}
        yield QuarantineHeld(
            held_id=f"{chance.getrandbits(128):032x}",
            message=MessageFacts(
                sha256=f"{number:064x}", size_bytes=9_000, message_id=f"{number}@d{sender}.example",
                from_address=f"s{sender}@d{sender}.example", from_name="Best Prices", subject=subject,
            ),
            envelope=MailEnvelope(mail_from=f"b{sender}@d{sender}.example", rcpt_to=tuple(people)),
            reason="malware" if number % 1000 == 7 else chance.choice(("spam", "spam", "spam", "bulk", "phishing")),
            held_at=at,
            expires_at=at + timedelta(days=30),
        )  # fmt: skip


async def main(count: int, url: str) -> None:
    """Measure, and print."""
    database = Database(url, "digest", METADATA)
    await database.create()
    filing = Filing(PolicyBook())
    began = time.perf_counter()
    coming = mails(count)
    while batch := list(islice(coming, BATCH)):
        await database.run(partial(file, filing, batch))
    took = time.perf_counter() - began
    say(f"filed {count} mails in {took:.0f} s: {count / took:.0f} a second, {memory():.0f} MiB at most")
    for name, asked in SEARCHES.items():
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            page = await database.look(partial(search, asked=Search(**asked), at=START))
            times.append((time.perf_counter() - began) * 1000)
        say(f"{name:>26}: {median(times):6.1f} ms, at worst {max(times):6.1f} ms, {len(page.rows)} rows")
    began, steps = time.perf_counter(), 1
    while await database.run(expire_at(START + timedelta(days=60))):
        steps += 1
    say(f"expired all in {time.perf_counter() - began:.0f} s, {steps} steps, {memory():.0f} MiB at most")
    await database.close()


def file(filing: Filing, batch: Any, work: Work) -> None:
    """As the bus does it."""
    filing.foresee(batch, work)
    for event in batch:
        filing.on_quarantine_held(event, work)


def expire_at(moment: datetime) -> Any:
    """The step of the job, at another time."""

    def step(work: Work) -> bool:
        work.at = moment
        return end_over(work)

    return step


def say(line: str) -> None:
    """A line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def memory() -> float:
    """The most that this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(
            main(
                int(sys.argv[1]) if len(sys.argv) > 1 else 200_000,
                sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/digest.db",
            )
        )

"""People in many zones get digests for a while of simulated time, through changes of clocks, outages and crashes.

What should come is worked out from calendars day by day, apart from the rule that is tried.
"""

import bisect
import contextlib
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlmodel import select

from services.digest.letters.deciding import ROWS_MAX, decide_due, reckon, take_stock
from services.digest.letters.news import note_news
from services.digest.letters.people import People
from services.digest.letters.settings import LetterSettings
from services.digest.letters.tables import Mail
from services.digest.tables import METADATA, Copy, Held
from shared.work import Database, Work

ZONES = (
    "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo",
    "Asia/Bangkok", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tokyo", "Asia/Tehran", "Asia/Jerusalem", "Africa/Cairo",
    "Africa/Casablanca", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham", "Atlantic/Azores", "UTC",
)  # fmt: skip

TICK = timedelta(hours=1)


@dataclass
class Person:
    address: str
    zone: str
    hour: int
    weekday: int | None
    arrivals: list[datetime] = field(default_factory=list)

    def slots(self, start: datetime, end: datetime) -> list[datetime]:
        """When a digest of theirs may come, by walking through the calendar."""
        zone, found = ZoneInfo(self.zone), []
        day = start.date() - timedelta(days=1)
        while day <= end.date() + timedelta(days=9):
            if self.weekday is None or day.weekday() == self.weekday:
                found.append(datetime.combine(day, time(self.hour), zone).astimezone(UTC))
            day += timedelta(days=1)
        return found

    def expected(self, ticks: Sequence[datetime], end: datetime) -> Iterator[tuple[datetime, int]]:
        """Each digest: when it is decided, and of how many mails."""
        slots = self.slots(ticks[0], end)
        waiting: list[datetime] = []
        arrivals, told_at, since = sorted(self.arrivals), datetime.min.replace(tzinfo=UTC), None
        for tick in ticks:
            new = bisect.bisect_right(arrivals, tick)
            waiting, arrivals = waiting + arrivals[:new], arrivals[new:]
            since = since or (waiting[0] if waiting else None)
            if since and slots[bisect.bisect_right(slots, max(since, told_at))] <= tick:
                yield tick, min(len(waiting), ROWS_MAX)
                waiting, told_at = waiting[ROWS_MAX:], tick
                since = tick if waiting else None


@dataclass
class World:
    people: list[Person]
    start: datetime
    end: datetime
    outages: list[tuple[datetime, datetime]]

    def ticks(self) -> list[datetime]:
        """Every hour at which digest runs."""
        hours = int((self.end - self.start) / TICK)
        every = [self.start + number * TICK for number in range(hours)]
        return [tick for tick in every if not any(begin <= tick < over for begin, over in self.outages)]


def make(count: int, start: datetime, *, days: int, outages: int, mails_a_day: float) -> World:
    dice = random.Random(7)
    end = start + timedelta(days=days)
    people = []
    for number in range(count):
        weekday = dice.randrange(7) if number % 4 == 3 else None
        person = Person(f"p{number}@example.org", ZONES[number % len(ZONES)], dice.randrange(24), weekday)
        spans = [dice.random() for _ in range(int(mails_a_day * days * dice.random() * 2))]
        person.arrivals = [start + span * (end - start) for span in spans]
        if number % 10 == 0:
            person.arrivals += [start + timedelta(days=days / 3, seconds=second) for second in range(2 * ROWS_MAX + 5)]
        people.append(person)
    begins = [start + (end - start) * dice.uniform(0.1, 0.9) for _ in range(outages)]
    return World(people, start, end, [(begin, begin + timedelta(hours=dice.uniform(2, 60))) for begin in begins])


def people_of(world: World, folder: Path) -> People:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    entries: list[dict[str, Any]] = [
        {
            "for": one.address,
            "zone": one.zone,
            "hour": one.hour,
            **({} if one.weekday is None else {"frequency": "weekly", "weekday": days[one.weekday]}),
        }
        for one in world.people
    ]
    path = folder / "people.yaml"
    path.write_text(yaml.safe_dump({"digests": entries}))
    return People(LetterSettings(digest_people_file=path))


class CrashError(Exception):
    """Power is cut before the commit."""


async def live(world: World, database: Database, people: People, *, crashes: bool = True) -> None:
    """Run digest's own decisions, on real tables, tick by tick; arrivals of an outage come when it is over."""
    await database.create()
    coming = sorted((at, one.address, number) for one in world.people for number, at in enumerate(one.arrivals))
    dice, position = random.Random(1), 0
    for tick in world.ticks():
        upto = bisect.bisect_right(coming, (tick, "\uffff", 0))
        arrived, position = coming[position:upto], upto

        if crashes and dice.random() < 0.05:
            with contextlib.suppress(CrashError):
                await database.run(partial(_step, people, tick, arrived, crash=True))
            await database.run(take_stock)
        await database.run(partial(_step, people, tick, arrived))
        if crashes and dice.random() < 0.1:
            await database.run(partial(_step, people, tick, []))  # another replica, a moment later


def _step(
    people: People, tick: datetime, arrived: Sequence[tuple[datetime, str, int]], work: Work, *, crash: bool = False
) -> None:
    work.at = tick
    for at, address, number in arrived:
        _hold(at, address, number, work)
    work.flush()
    while reckon(people, 100, work):
        work.flush()
    while decide_due(people, 100, work):
        work.flush()
    if crash:
        raise CrashError


def _hold(at: datetime, address: str, number: int, work: Work) -> None:
    held_id, expires_at = f"{number}-{address}", at + timedelta(days=30)
    work.new(Held, held_id=held_id, sha256="0" * 64, reason="spam", held_at=at, expires_at=expires_at)
    work.new(Copy, held_id=held_id, recipient=address, expires_at=expires_at)
    note_news([address], at, work)


async def check(world: World, database: Database) -> dict[str, int]:
    """Every digest that is due and no other, each at its time and of all that was new; every row at most once.

    Raises:
        AssertionError: something is otherwise.
    """
    mails = await database.look(lambda session: session.exec(select(Mail)).all())
    copies = await database.look(lambda session: session.exec(select(Copy.recipient, Copy.mail_id)).all())
    got: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for mail in mails:
        got[mail.recipient].append((mail.decided_at, mail.item_count))
    rows: dict[str, int] = defaultdict(int)
    for _, mail_id in copies:
        rows[mail_id] += 1
    ticks = world.ticks()
    for person in world.people:
        assert sorted(got[person.address]) == list(person.expected(ticks, world.end)), person
    assert {mail.mail_id: mail.item_count for mail in mails} == {key: count for key, count in rows.items() if key}
    arrived = sum(at <= ticks[-1] for person in world.people for at in person.arrivals)
    assert len(copies) == arrived, "no row is lost"
    untold = rows.get("", 0)
    assert untold + sum(mail.item_count for mail in mails) == len(copies)
    return {"digests": len(mails), "rows": len(copies), "untold at the end": untold}


def database_of(url: str) -> Database:
    return Database(url.replace("{service}", "digest"), "digest", METADATA)

"""When a digest is due. Pure: by a wall clock in the reader's own zone, whatever its summer time does."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.events.vocabulary import DigestFrequency

#: A Monday at midnight from which the hours of every wall clock are counted: what is counted so does not drift.
_EPOCH = datetime(2001, 1, 1)  # noqa: DTZ001 - a wall clock has no zone

_HOURS = {"daily": 24, "weekly": 7 * 24}


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often, and at which time of whose day.

    `hour` is the hour of a digest that comes daily, weekly or every so many hours; `weekday` counts from Monday, 0;
    `pause_s` is the least time, in seconds, between two digests that come at once.
    """

    frequency: DigestFrequency = "daily"
    zone: str = "UTC"
    hour: int = 9
    weekday: int = 0
    every_hours: int = 4
    pause_s: int = 300


def next_due(schedule: Schedule, *, news_at: datetime, told_at: datetime | None) -> datetime | None:
    """When a digest is due; None for never.

    Args:
        schedule: how often.
        news_at: since when something waits to be told.
        told_at: when the last digest was decided.

    The first time of the wall clock after both: after an outage that time has passed, and one digest tells all that was
    missed. A time that a clock going forward leaves out is as much later as the clock jumps; of a time that a clock going
    back shows twice the first counts.
    """
    if schedule.frequency == "never":
        return None
    if schedule.frequency == "at_once":
        return max(news_at, told_at + timedelta(seconds=schedule.pause_s)) if told_at else news_at
    after = max(news_at, told_at) if told_at else news_at
    zone = ZoneInfo(schedule.zone)
    period = timedelta(hours=_HOURS.get(schedule.frequency, schedule.every_hours))
    first = _EPOCH + timedelta(hours=schedule.hour, days=schedule.weekday if schedule.frequency == "weekly" else 0)
    wall = after.astimezone(zone).replace(tzinfo=None, fold=0)
    slot = first + (wall - first) // period * period
    while (due := slot.replace(tzinfo=zone).astimezone(UTC)) <= after:
        slot += period
    return due

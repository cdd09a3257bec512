"""When digests are due: at one time of a wall clock, each once, in every zone and through every change of its clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.digest.letters.schedule import Schedule, next_due

ZONES = sorted(available_timezones())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(schedule: Schedule, news: str, told: str = "") -> datetime | None:
    return next_due(schedule, news_at=utc(news), told_at=utc(told) if told else None)


@pytest.mark.parametrize(
    ("zone", "news", "expected"),
    [
        ("UTC", "2026-03-01 08:59", "2026-03-01 09:00"),
        ("UTC", "2026-03-01 09:00", "2026-03-02 09:00"),
        ("Asia/Bangkok", "2026-03-01 09:00", "2026-03-02 02:00"),
        ("Asia/Kathmandu", "2026-03-01 09:00", "2026-03-02 03:15"),
        ("Europe/Berlin", "2026-03-28 12:00", "2026-03-29 07:00"),  # the night of the change
        ("Europe/Berlin", "2026-10-24 12:00", "2026-10-25 08:00"),
        ("America/St_Johns", "2026-07-01 12:00", "2026-07-02 11:30"),
        ("Pacific/Apia", "2011-12-29 20:00", "2011-12-30 19:00"),  # the 30th was left out: the 31st begins
    ],
)
def test_a_daily_digest_comes_at_its_hour_of_the_readers_day(zone: str, news: str, expected: str) -> None:
    assert due(Schedule("daily", zone, 9), news) == utc(expected)


def test_a_time_that_the_clock_leaves_out_is_as_much_later_as_it_jumps() -> None:
    daily = Schedule("daily", "Europe/Berlin", 2)
    assert due(daily, "2026-03-28 12:00") == utc("2026-03-29 01:00")  # 03:00 in Berlin
    assert due(daily, "2026-03-29 02:00") == utc("2026-03-30 00:00")


def test_a_time_that_the_clock_shows_twice_counts_once() -> None:
    daily = Schedule("daily", "Europe/Berlin", 2)
    assert due(daily, "2026-10-24 12:00") == utc("2026-10-25 00:00")  # the first of two
    assert due(daily, "2026-10-25 00:30") == utc("2026-10-26 01:00")


def test_hours_are_those_of_the_wall_clock_and_weeks_begin_on_their_day() -> None:
    assert due(Schedule("hours", "Asia/Bangkok", 8, every_hours=4), "2026-06-01 02:00") == utc("2026-06-01 05:00")
    assert due(Schedule("weekly", "UTC", 9, weekday=4), "2026-06-01 02:00") == utc("2026-06-05 09:00")
    assert due(Schedule("weekly", "UTC", 9), "2026-06-01 09:00") == utc("2026-06-08 09:00")


def test_after_an_outage_one_digest_is_due_at_once_and_the_next_at_its_time() -> None:
    daily = Schedule("daily", "UTC", 9)
    assert due(daily, "2026-06-01 08:00", "2026-05-31 09:00") == utc("2026-06-01 09:00")  # three days ago: once, now
    assert due(daily, "2026-06-01 08:00", "2026-06-04 15:00") == utc("2026-06-05 09:00")


def test_at_once_means_at_once_but_no_flood() -> None:
    now = Schedule("at_once", pause_s=300)
    assert due(now, "2026-06-01 08:00") == utc("2026-06-01 08:00")
    assert due(now, "2026-06-01 08:00", "2026-06-01 07:59") == utc("2026-06-01 08:04")
    assert due(now, "2026-06-01 08:00", "2026-05-01 08:00") == utc("2026-06-01 08:00")


def test_never_is_never() -> None:
    assert due(Schedule("never"), "2026-06-01 08:00") is None


EARLIEST, LATEST = datetime(2005, 1, 1), datetime(2035, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
some_moment = some.datetimes(EARLIEST, LATEST, timezones=some.just(UTC))


@given(
    some.builds(
        Schedule,
        frequency=some.sampled_from(("hours", "daily", "weekly")),
        zone=some.sampled_from(ZONES),
        hour=some.integers(0, 23),
        weekday=some.integers(0, 6),
        every_hours=some.integers(1, 168),
    ),
    some_moment,
    some_moment,
)
def test_in_any_zone_the_next_is_later_near_and_at_its_hour(
    schedule: Schedule, news_at: datetime, told_at: datetime
) -> None:
    after = max(news_at, told_at)
    found = next_due(schedule, news_at=news_at, told_at=told_at)
    assert found is not None
    period = timedelta(hours={"daily": 24, "weekly": 168}.get(schedule.frequency, schedule.every_hours))
    assert after < found <= after + period + timedelta(hours=26)
    just_before = next_due(schedule, news_at=found - timedelta(microseconds=1), told_at=None)
    assert just_before == found, "no other time lies between"
    local = found.astimezone(ZoneInfo(schedule.zone))
    jumped = (found - timedelta(hours=2)).astimezone(local.tzinfo).utcoffset() != local.utcoffset()
    if schedule.frequency != "hours" and not jumped:
        assert (local.hour, local.minute) == (schedule.hour, 0)
    if schedule.frequency == "weekly" and not jumped:
        assert local.weekday() == schedule.weekday


@given(some.sampled_from(ZONES), some.integers(0, 23), some.integers(2006, 2034))
def test_a_year_has_a_digest_for_each_of_its_days_and_none_twice(zone: str, hour: int, year: int) -> None:
    daily = Schedule("daily", zone, hour)
    at, days = datetime(year, 1, 1, 12, tzinfo=UTC), []
    while at.year == year or at < datetime(year + 1, 1, 1, 12, tzinfo=UTC):
        found = next_due(daily, news_at=at, told_at=None)
        assert found is not None
        days.append(found.astimezone(ZoneInfo(zone)).date())
        at = found
    assert len(days) == len(set(days))
    assert (days[-1] - days[0]).days + 1 - len(days) <= 1, "a day that a zone left out of its calendar may be missing"

"""Rows made fit for a reader: their language, their zone, and every trick of a sender shown as what it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_time, format_timedelta, get_datetime_format

from services.digest.letters.rows import Group, Row, fold
from services.digest.letters.schedule import Schedule
from services.digest.letters.words import words
from shared.outgoing import clean, defang, reveal, tricks
from shared.outgoing.words import counted, locale

#: Mails of a folded row that get a link of their own; all are behind the link to all.
OTHERS_MAX = 9

#: Longest subject, name and address shown, in characters.
SUBJECT_MAX, NAME_MAX, ADDRESS_MAX = 150, 80, 254


@dataclass(frozen=True, slots=True)
class Other:
    """A mail like the one before: when it was held, and its page."""

    held: str
    link: str


@dataclass(frozen=True, slots=True)
class Item:
    """One held mail, or several that are alike, as a digest shows them. Nothing in it is HTML."""

    subject: str
    name: str
    address: str
    warnings: tuple[str, ...]
    reason: str
    held: str
    expires: str
    link: str
    alike: str
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a digest shows."""

    items: tuple[Item, ...]
    blocked: int


def show(rows: Sequence[Row], language: str, zone: str, at: datetime, link_of: Callable[[str], str]) -> Shown:
    """The rows of a digest that was decided at a time; `link_of` gives the page of a held mail."""
    groups, blocked = fold(rows)
    place = ZoneInfo(zone)
    return Shown(tuple(_item(group, language, place, at, link_of) for group in groups), len(blocked))


def told_when(schedule: Schedule, language: str, at: datetime) -> str:
    """In words how often its reader gets this."""
    said = words(language)
    if schedule.frequency == "hours":
        return counted(language, said["hours"], schedule.every_hours)
    if schedule.frequency in ("daily", "weekly"):
        day = at + timedelta(days=schedule.weekday - at.weekday())
        values = {
            "time": format_time(time(schedule.hour), "short", locale=locale(language)),
            "weekday": format_datetime(day, "EEEE", locale=locale(language)),
            "zone": schedule.zone,
        }
        return str(said[schedule.frequency]).format(**values)
    return str(said["at_once"]) if schedule.frequency == "at_once" else ""


def _item(group: Group, language: str, zone: tzinfo, at: datetime, link_of: Callable[[str], str]) -> Item:
    row, said = group.first, words(language)
    name = reveal(row.name, NAME_MAX)
    address = reveal(row.address, ADDRESS_MAX)
    until = format_timedelta(row.expires_at - at, "day", threshold=5, add_direction=True, locale=locale(language))
    return Item(
        subject=defang(reveal(row.subject, SUBJECT_MAX)) or said["no_subject"],
        name=defang(name) if name.lower() != address.lower() else "",
        address=defang(address) or said["no_sender"],
        warnings=tuple(_warnings(row, language)),
        reason=said["reasons"].get(row.reason, clean(row.reason)),
        held=_when(row.held_at, language, zone),
        expires=f"{_when(row.expires_at, language, zone)} ({until})",
        link=link_of(row.held_id),
        alike=counted(language, said["alike"], len(group.others)) if group.others else "",
        others=tuple(
            Other(_when(other.held_at, language, zone), link_of(other.held_id)) for other in group.others[:OTHERS_MAX]
        ),
    )


def _warnings(row: Row, language: str) -> Iterator[str]:
    said = words(language)["warnings"]
    for word, domain in tricks(name=row.name, address=row.address, subject=row.subject).items():
        yield said[word].format(domain=defang(domain))


def _when(moment: datetime, language: str, zone: tzinfo) -> str:
    """Day and time in the reader's zone, without seconds."""
    there = moment.astimezone(zone)
    known = locale(language)
    day = format_datetime(there, "EEE d MMM", locale=known)
    clock = format_time(there, "short", tzinfo=zone, locale=known)
    joined = str(get_datetime_format("medium", locale=known)).replace("'", "")
    return joined.replace("{1}", day).replace("{0}", clock)

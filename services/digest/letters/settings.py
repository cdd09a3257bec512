"""The settings of digests."""

from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from services.digest.letters.schedule import Schedule
from services.digest.letters.words import LANGUAGES
from shared.events.vocabulary import DigestFrequency
from shared.settings import MailSettings

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class LetterSettings(MailSettings):
    """How often people are told whom nothing else is said for, and what their digests look like."""

    digest_frequency: DigestFrequency = Field(
        default="daily", description="how often people get a digest: `at_once`, `hours`, `daily`, `weekly` or `never`"
    )
    digest_hour: int = Field(default=9, ge=0, le=23, description="hour of the day at which digests come")
    digest_zone: str = Field(default="UTC", description="whose day that is: a zone such as `Europe/Berlin`")
    digest_weekday: Weekday = Field(default="monday", description="day of weekly digests")
    digest_every_hours: int = Field(default=4, ge=1, le=168, description="hours between two digests, for `hours`")
    digest_every_s: int = Field(
        default=0,
        ge=0,
        le=31 * 86_400,
        description="for trials: digests come so many seconds after the last one instead of by the clock; 0: by the clock",
    )
    digest_language: str = Field(default="en", description=f"language of digests: {', '.join(LANGUAGES)}")
    digest_people_file: Path | None = Field(
        default=None,
        description="YAML file with groups, and what digests of domains, groups and addresses are like; read at start",
    )
    digest_templates: Path | None = Field(
        default=None, description="folder whose `digest.html` and `digest.txt` are used in place of those that ship"
    )
    digest_from: str = Field(default="", max_length=320, description="From of digests; empty: LONGSTOP_MAIL_FROM")
    digest_logo: Path | None = Field(
        default=None, description="picture at the head of digests (PNG, JPEG or GIF, at most 100 kB); it travels within"
    )
    digest_disclaimer: str = Field(default="", max_length=1000, description="text at the foot of digests")

    @field_validator("digest_zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return known_zone(zone)

    @field_validator("digest_language")
    @classmethod
    def _language(cls, language: str) -> str:
        return known_language(language)

    @property
    def schedule(self) -> Schedule:
        """How often and when, where nothing else is said."""
        at_once = Schedule("at_once", pause_s=self.digest_every_s)
        by_clock = Schedule(
            self.digest_frequency,
            self.digest_zone,
            self.digest_hour,
            WEEKDAYS.index(self.digest_weekday),
            self.digest_every_hours,
        )
        return at_once if self.digest_every_s else by_clock


def known_zone(zone: str) -> str:
    """A zone, when there is such a one.

    Raises:
        ValueError: there is none.
    """
    if zone not in available_timezones():
        raise ValueError("this is no zone: write one such as Europe/Berlin or Asia/Bangkok")
    return zone


def known_language(language: str) -> str:
    """The language that a tag (RFC 5646) such as `de-AT` names, when digests are written in it.

    Raises:
        ValueError: they are not.
    """
    found = language.replace("_", "-").partition("-")[0].lower()
    if found not in LANGUAGES:
        raise ValueError(f"digests are written in {', '.join(LANGUAGES)}")
    return found

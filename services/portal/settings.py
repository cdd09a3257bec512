"""The settings of portal."""

from zoneinfo import available_timezones

from pydantic import Field, field_validator

from services.portal.wording import LANGUAGES
from shared.settings import LinkSettings


class PortalSettings(LinkSettings):
    """Where the pages are. No gateway, mail server or token is among them: portal knows none."""

    digest_port: int = Field(
        default=8083, ge=0, le=65535, description="HTTP port of people's pages, behind the links in digests"
    )
    digest_language: str = Field(
        default="en", description="language of pages for who chose none and whose browser asks for none that there is"
    )
    digest_zone: str = Field(
        default="UTC", description="time zone of pages for who chose none: such as `Europe/Berlin`"
    )
    portal_pause_s: float = Field(
        default=2.0,
        ge=0,
        le=30,
        description="least time between the two steps of an act, in seconds: people need it, programs that press every button don't",
    )

    @field_validator("digest_zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("this is no zone: write one such as Europe/Berlin or Asia/Bangkok")
        return zone

    @field_validator("digest_language")
    @classmethod
    def _is_language(cls, language: str) -> str:
        found = language.replace("_", "-").partition("-")[0].lower()
        if found not in LANGUAGES:
            raise ValueError(f"pages are written in {', '.join(LANGUAGES)}")
        return found

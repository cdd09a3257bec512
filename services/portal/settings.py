"""The settings of portal."""

from pydantic import Field

from shared.settings import LinkSettings


class PortalSettings(LinkSettings):
    """Where the pages are. No gateway, mail server or token is among them: portal knows none."""

    digest_port: int = Field(
        default=8083, ge=0, le=65535, description="HTTP port of people's pages, behind the links in digests"
    )
    portal_pause_s: float = Field(
        default=2.0,
        ge=0,
        le=30,
        description="least time between the two steps of an act, in seconds: people need it, programs that press every button don't",
    )

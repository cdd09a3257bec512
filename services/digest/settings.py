"""The settings of digest."""

from pydantic import Field

from shared.settings import MailSettings


class DigestSettings(MailSettings):
    """Where mail goes, how often, and where links lead."""

    digest_port: int = Field(
        default=8083, ge=0, le=65535, description="HTTP port of the pages behind the links in digests"
    )
    public_url: str = Field(
        default="http://127.0.0.1:8083",
        pattern=r"^https?://",
        description="base of the links in mails, as people reach it",
    )
    reinject_url: str = Field(
        default="",
        pattern=r"^((smtp|lmtp)://.+)?$",
        description="`smtp://HOST:PORT` or `lmtp://HOST:PORT` behind the filter, for released mail; empty: releases wait",
    )
    digest_every_s: int = Field(
        default=86_400, ge=1, le=31 * 86_400, description="least time between two digests of one recipient, in seconds"
    )

"""The settings of digest."""

from pydantic import Field

from shared.settings import LinkSettings, MailSettings


class DigestSettings(MailSettings, LinkSettings):
    """Where mail goes, and how often."""

    quarantine_port: int = Field(
        default=8086, ge=0, le=65535, description="HTTP port of digest: the operators' API of the quarantine"
    )
    reinject_url: str = Field(
        default="",
        pattern=r"^((smtp|lmtp)://.+)?$",
        description="`smtp://HOST:PORT` or `lmtp://HOST:PORT` behind the filter, for released mail; empty: releases wait",
    )
    digest_every_s: int = Field(
        default=86_400, ge=1, le=31 * 86_400, description="least time between two digests of one recipient, in seconds"
    )

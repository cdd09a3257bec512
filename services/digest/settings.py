"""The settings of digest."""

from pydantic import Field

from shared.settings import Settings


class DigestSettings(Settings):
    """Where mail goes, how often, and where links lead."""

    digest_port: int = Field(
        default=8083, ge=0, le=65535, description="HTTP port of the pages behind the links in digests"
    )
    public_url: str = Field(
        default="http://127.0.0.1:8083",
        pattern=r"^https?://",
        description="base of the links in mails, as people reach it",
    )
    smtp_out_url: str = Field(
        default="",
        pattern=r"^(smtps?://.+)?$",
        description="`smtp://HOST:PORT` that takes digests; empty: they are written as `.eml` under `outbox` in the data dir",
    )
    reinject_url: str = Field(
        default="",
        pattern=r"^((smtp|lmtp)://.+)?$",
        description="`smtp://HOST:PORT` or `lmtp://HOST:PORT` behind the filter, for released mail; empty: releases wait",
    )
    mail_from: str = Field(default="Longstop <longstop@localhost>", max_length=320, description="From of digests")
    digest_every_s: int = Field(
        default=86_400, ge=1, le=31 * 86_400, description="least time between two digests of one recipient, in seconds"
    )

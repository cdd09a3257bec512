"""The settings of digest."""

from pydantic import Field

from services.digest.letters.settings import LetterSettings
from shared.settings import LinkSettings


class DigestSettings(LetterSettings, LinkSettings):
    """Where mail goes."""

    quarantine_port: int = Field(
        default=8086, ge=0, le=65535, description="HTTP port of digest: the operators' API of the quarantine"
    )
    reinject_url: str = Field(
        default="",
        pattern=r"^((smtp|lmtp)://.+)?$",
        description="`smtp://HOST:PORT` or `lmtp://HOST:PORT` behind the filter, for released mail; empty: releases wait",
    )

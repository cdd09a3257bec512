"""The settings of digest."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from services.digest.letters.settings import LetterSettings
from shared.settings import LinkSettings, Words, split_words


class DigestSettings(LetterSettings, LinkSettings):
    """What recipients may do, where released mail goes, and what learns from it."""

    quarantine_port: int = Field(
        default=8086, ge=0, le=65535, description="HTTP port of digest: the operators' API of the quarantine"
    )
    reinject_url: str = Field(
        default="",
        pattern=r"^((smtp|lmtp)://.+)?$",
        description="`smtp://HOST:PORT` or `lmtp://HOST:PORT` behind the filter, for released mail; empty: releases wait",
    )
    quarantine_policy_file: Path | None = Field(
        default=None,
        description="YAML file of what recipients may do with held mail and how long it waits, by reason and group of recipients; "
        "read again when it changes; empty: the policy that ships",
    )
    release_due_hours: float = Field(
        default=24,
        gt=0,
        le=10_000,
        description="hours within which an operator should have answered a request for release",
    )
    release_verdict_hours: float = Field(
        default=24,
        ge=0,
        le=10_000,
        description="a mail without a verdict as young as this, in hours, is analysed before its recipient's own release",
    )
    release_verdict_wait_s: float = Field(
        default=120,
        ge=0,
        le=3600,
        description="how long such a release waits for the verdict, in seconds; 0: it waits for none and asks for none",
    )
    rspamd_learn_url: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="URL of Rspamd's controller, `http://HOST:11334`, which learns released mail as ham; empty: it does not",
    )
    rspamd_learn_password: SecretStr = Field(
        default=SecretStr(""), description="password of Rspamd's controller (its `enable_password`)"
    )
    learn_released: Words = Field(
        default=("approved",),
        description="which released mail is learned as ham, comma-separated: `approved` by an operator, `self`, released by its "
        "recipient",
    )

    @property
    def learns(self) -> frozenset[str]:
        """Whose releases Rspamd learns from."""
        return frozenset(self.learn_released) if self.rspamd_learn_url else frozenset()

    @field_validator("learn_released", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_words(value)

    @field_validator("learn_released")
    @classmethod
    def _known(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not set(words) <= {"approved", "self"}:
            raise ValueError("approved, self, or both")
        return words

"""The settings of submission."""

from pydantic import Field, field_validator

from shared.settings import Settings, Words, split_words

ANALYSERS = ("local", "stub")


class SubmissionSettings(Settings):
    """Which analysers are asked, and how long they may take."""

    submission_port: int = Field(
        default=8085, ge=0, le=65535, description="HTTP port of submission (health and metrics)"
    )
    analysers: Words = Field(
        default=("local",),
        description=f"analysers to ask, comma-separated: {', '.join(ANALYSERS)} (stub is for trials)",
    )
    analyser_timeout_s: float = Field(default=30, gt=0, le=600, description="longest time of one analyser, in seconds")
    submission_attempts: int = Field(default=5, ge=1, le=20, description="attempts before the verdict is `unknown`")
    authserv_ids: Words = Field(
        default=(),
        description="authserv-ids (RFC 8601) of your own gateways, comma-separated: only their Authentication-Results are "
        "believed; empty: the topmost one is",
    )

    _split = field_validator("analysers", "authserv_ids", mode="before")(split_words)

    @field_validator("analysers")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in ANALYSERS:
                raise ValueError(f"{name} is no analyser: choose from {', '.join(ANALYSERS)}")
        return names

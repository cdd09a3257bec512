"""The settings of triage."""

from typing import Literal

from pydantic import Field, field_validator

from services.triage.answers.words import LANGUAGES
from shared.settings import MailSettings


class TriageSettings(MailSettings):
    """Ports and answers; what is decided stands in rules.py."""

    triage_port: int = Field(default=8084, ge=0, le=65535, description="HTTP port of triage (health and metrics)")
    answers: Literal["off", "result", "all"] = Field(
        default="all",
        description="what verified reporters are told by mail: nothing, the result, or also that the report arrived when the "
        "result takes longer than a few seconds",
    )
    answer_language: str = Field(default="en", description=f"language of answers: {', '.join(LANGUAGES)}")

    @field_validator("answer_language")
    @classmethod
    def _known(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise ValueError(f"answers are written in {', '.join(LANGUAGES)}")
        return language

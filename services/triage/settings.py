"""The settings of triage."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from services.triage.answers.words import LANGUAGES
from shared.settings import MailSettings


class TriageSettings(MailSettings):
    """Ports, rules and answers."""

    triage_port: int = Field(default=8084, ge=0, le=65535, description="HTTP port of triage (health and metrics)")
    rules_file: Path | None = Field(
        default=None,
        description="YAML file of the rules that decide about cases; read again when it changes; empty: those that ship",
    )
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

"""The settings of triage."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from services.triage.answers.words import LANGUAGES
from services.triage.rules.policy import PRIORITIES
from shared.events.vocabulary import Priority
from shared.settings import MailSettings, Words, split_words

#: The longest time that anybody can be asked to look within.
HOURS_MAX = 10_000


class TriageSettings(MailSettings):
    """Ports, rules and answers."""

    triage_port: int = Field(default=8084, ge=0, le=65535, description="HTTP port of triage (health and metrics)")
    rules_file: Path | None = Field(
        default=None,
        description="YAML file of the rules that decide about cases; read again when it changes; empty: those that ship",
    )
    case_due_hours: Words = Field(
        default=("72", "24", "4", "1"),
        description="hours within which a person should have looked at an open case of priority low, normal, high and urgent",
    )
    answers: Literal["off", "result", "all"] = Field(
        default="all",
        description="what verified reporters are told by mail: nothing, the result, or also that the report arrived when the "
        "result takes longer than a few seconds",
    )
    answer_language: str = Field(default="en", description=f"language of answers: {', '.join(LANGUAGES)}")

    @property
    def due_hours(self) -> dict[Priority, float]:
        """The same by priority."""
        return dict(zip(PRIORITIES, map(float, self.case_due_hours), strict=True))

    @field_validator("case_due_hours", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return split_words(value)

    @field_validator("case_due_hours")
    @classmethod
    def _hours(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if len(words) != len(PRIORITIES) or not all(0 < float(word) <= HOURS_MAX for word in words):
            raise ValueError(f"four numbers of hours, above 0 and at most {HOURS_MAX}")
        return words

    @field_validator("answer_language")
    @classmethod
    def _known(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise ValueError(f"answers are written in {', '.join(LANGUAGES)}")
        return language

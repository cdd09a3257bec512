"""The settings of the console."""

from pydantic import Field

from shared.settings import Settings


class ConsoleSettings(Settings):
    """Its one door."""

    console_port: int = Field(default=8080, ge=0, le=65535, description="HTTP port of the console")

"""The settings of triage."""

from pydantic import Field

from shared.settings import Settings


class TriageSettings(Settings):
    """Ports only; what is decided stands in rules.py."""

    triage_port: int = Field(default=8084, ge=0, le=65535, description="HTTP port of triage (health and metrics)")

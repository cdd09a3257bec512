"""The hour that every picture shows. It must be set before a service is imported: each takes `now` by its name."""

from datetime import UTC, datetime, timedelta

import shared.work

#: Monday, when the demo's mails come.
MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def stand() -> None:
    """From now on it is that morning, and time passes as it does."""
    begun = datetime.now(UTC)

    def now() -> datetime:
        return MORNING + (datetime.now(UTC) - begun)

    shared.work.now = now


def days_before(number: int) -> str:
    """A day, that many before the morning, as counters name it."""
    return (MORNING.date() - timedelta(days=number)).isoformat()

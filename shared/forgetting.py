"""The job of every service that keeps facts of mails: after their time they go."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.jobs import Job
from shared.run import Room
from shared.work import Work, now

#: How often is looked, in seconds.
EVERY_S = 3600


def forgetting(room: Room, forget: Callable[[datetime, Work], None]) -> Job:
    """The job that calls `forget` with the time before which facts are forgotten."""
    keep = timedelta(days=room.settings.keep_facts_days)

    async def run() -> bool:
        before = now() - keep
        await room.database.run(lambda work: forget(before, work), quiet=True)
        return False

    return Job("forget old facts", EVERY_S, run)

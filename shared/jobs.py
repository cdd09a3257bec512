"""Jobs: started by a clock or woken by a commit, the only ones that talk to the outside.

A job pays due rows with no transaction open; what it could not pay stays due.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from shared.errors import Defer
from shared.log import Complaint
from shared.metrics import JOB_FAILURES

#: Longest wait, in seconds, after failures in a row.
FAILURE_WAIT_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called every `every_s` seconds, at once when `wake` is set, and again while it returns True (more is due)."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[bool]]
    wake: asyncio.Event | None = None


async def keep_running(job: Job, service: str) -> None:
    """Run a job for ever. A failure is logged and counted, and never ends the loop."""
    log = structlog.stdlib.get_logger("job").bind(service=service, job=job.name)
    wake = job.wake or asyncio.Event()
    failures, complaint = 0, Complaint()
    while True:
        wake.clear()
        try:
            more = await job.run()
            failures = 0
            if complaint.is_over():
                log.info("job goes on")
        except Defer as reason:
            more, failures = False, failures + 1
            if complaint.is_due():
                log.warning("job waits", reason=str(reason))
        except Exception:
            more, failures = False, failures + 1
            JOB_FAILURES.labels(service, job.name).inc()
            log.exception("job failed")
        if more:
            await asyncio.sleep(0)
            continue
        wait_s = min(job.every_s * 2**failures, max(FAILURE_WAIT_MAX_S, job.every_s)) if failures else job.every_s
        with suppress(TimeoutError):
            await asyncio.wait_for(
                asyncio.sleep(wait_s) if failures else wake.wait(), wait_s + 1 if failures else wait_s
            )

"""Ending background tasks for certain."""

import asyncio
from typing import Any

#: How long a cancelled task may take to end before it is cancelled again, in seconds.
PATIENCE_S = 1.0


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until each has ended: a library in the middle of a command may swallow one cancellation."""
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=PATIENCE_S)

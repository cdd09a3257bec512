"""Waiting without sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable

#: Longest pause between two looks, in seconds: what is waited for shares the processor with who looks.
PAUSE_MAX_S = 0.1


async def until(predicate: Callable[[], Awaitable[object]], *, patience_s: float = 20.0) -> object:
    """Wait for `predicate` to give something true, and give it back."""
    deadline, pause_s = time.monotonic() + patience_s, 0.01
    while True:
        result = await predicate()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {patience_s} s; the last answer was {result!r}")
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.3, PAUSE_MAX_S)

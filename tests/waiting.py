"""Waiting without sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(predicate: Callable[[], Awaitable[object]], *, patience_s: float = 20.0) -> object:
    """Wait for `predicate` to give something true, and give it back."""
    deadline = time.monotonic() + patience_s
    while True:
        result = await predicate()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {patience_s} s; the last answer was {result!r}")
        await asyncio.sleep(0.02)

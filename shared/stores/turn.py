"""Waiting for one's turn to write, but not for ever: behind a database that hangs, everybody else would wait for the sum of all waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import OperationalError

#: Longest wait for a turn, in seconds: less than clients of a door wait for its answer (30 s and more).
WAIT_MAX_S = 20.0


class Turn:
    """One transaction of this process at a time."""

    def __init__(self, wait_max_s: float = WAIT_MAX_S) -> None:
        self._lock = asyncio.Lock()
        self._wait_max_s = wait_max_s

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Have the turn.

        Raises:
            OperationalError: others have it for too long; nothing was begun.
        """
        try:
            async with asyncio.timeout(self._wait_max_s):
                await self._lock.acquire()
        except TimeoutError as error:
            raise OperationalError(None, None, TimeoutError("what is written before takes too long")) from error
        try:
            yield
        finally:
            self._lock.release()

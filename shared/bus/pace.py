"""How quickly batches are read one after the other: a batch costs a transaction, however few events are in it."""

import asyncio
import time

#: Batches that follow each other within this time, in seconds, are a stream of events and no single ones.
BUSY_S = 0.05

#: How long a busy reader waits for more to come together, in seconds.
LINGER_S = 0.02


class Pace:
    """The pace of one stream's reader: at once when little happens, in fuller batches when much does."""

    def __init__(self, batch_max: int) -> None:
        self._small = batch_max // 2
        self._before = float("-inf")

    async def linger(self, events: int) -> None:
        """Wait a moment after a small batch that came soon after another."""
        since_s, self._before = time.monotonic() - self._before, time.monotonic()
        if events < self._small and since_s < BUSY_S:
            await asyncio.sleep(LINGER_S)

"""Whether mails can be kept now: the doors go by it, and so do `/readyz` and the log."""

import asyncio

from shared.errors import Defer
from shared.run import Room

#: How often is looked, in seconds: so long the doors stay closed after the store is well again.
EVERY_S = 5.0


class Keeping:
    """The job that tries the blob store. Where a mail cannot be kept, a door says so at once and not after a long wait."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self) -> bool:
        """Close the doors, or open them again."""
        try:
            await asyncio.to_thread(self._room.blobs.check)
        except Defer as reason:
            self._room.health.close_doors("blobs", str(reason))
        else:
            self._room.health.over("blobs")
        return False

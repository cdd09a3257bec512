"""Previews of held mails; they are read in a process of its own with limits of time and memory (`shared.apart`)."""

import asyncio
from collections import OrderedDict
from dataclasses import replace

from shared.apart import preview_apart
from shared.blobs import Blobs
from shared.mail.preview import Preview
from shared.mail.sanitising import without_links

#: Previews that are remembered: a page with its frame reads the mail once, and a mail that is hard to read is hard once.
REMEMBERED = 50


class Previews:
    """Previews of held mails, the last ones remembered."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._known: OrderedDict[str, Preview] = OrderedDict()

    async def raw(self, sha256: str) -> bytes | None:
        """The mail itself; None when it is gone.

        Raises:
            Defer: the store cannot be read now.
        """
        return await asyncio.to_thread(self._blobs.get, sha256)

    async def of(self, sha256: str) -> Preview | None:
        """A preview, in whose text no program finds a link; None when the mail is gone.

        Raises:
            Defer: the store cannot be read now, or no process can be started.
        """
        found = self._known.get(sha256)
        if found is None:
            raw = await self.raw(sha256)
            if raw is None:
                return None
            found = await asyncio.to_thread(preview_apart, raw)
            found = self._known[sha256] = replace(found, text=without_links(found.text))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

"""The live stream: one poller for all watchers, woken by commits; a slow watcher is let go."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from sqlmodel import Session, col, select

from services.console.tables import Activity
from shared.work import Database

#: Lines of history for a new watcher, lines that may wait for a slow one, and watchers at once.
HISTORY_MAX, QUEUE_MAX, WATCHERS_MAX = 200, 500, 100

#: A comment keeps proxies from closing a quiet stream, every so many seconds.
HEARTBEAT_S = 15.0


class Live:
    """Tells watchers what happens (Server-Sent Events, HTML Standard, section 9.2)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake = database.wake_on_commit()
        self._watchers: set[asyncio.Queue[Activity]] = set()
        self._last = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many watchers as we take."""
        return len(self._watchers) >= WATCHERS_MAX

    async def pump(self) -> bool:
        """A job: hand new lines to every watcher. True while there are more."""
        fresh = await self._database.look(lambda session: _after(self._last, session))
        for line in fresh:
            self._last = line.id or self._last
            for queue in list(self._watchers):
                if queue.full():
                    self._watchers.discard(queue)
                else:
                    queue.put_nowait(line)
        return len(fresh) == HISTORY_MAX

    @property
    def wake(self) -> asyncio.Event:
        """Set when there may be new lines."""
        return self._wake

    async def watch(self, after: int | None) -> AsyncIterator[str]:
        """What came after a line, then what comes; the newest lines first known when `after` is None."""
        queue: asyncio.Queue[Activity] = asyncio.Queue(QUEUE_MAX)
        self._watchers.add(queue)
        seen = after or 0
        try:
            yield "retry: 2000\n\n"
            history = await self._database.look(lambda session: _after(seen, session) if after is not None else [])
            for line in history:
                seen = line.id or seen
                yield event(line)
            while queue in self._watchers:
                with suppress(TimeoutError):
                    line = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                    if (line.id or 0) > seen:
                        yield event(line)
                    continue
                yield ": still here\n\n"
        finally:
            self._watchers.discard(queue)


def event(line: Activity) -> str:
    """One line on the wire. JSON keeps every line end inside."""
    data = {**line.model_dump(mode="json", exclude={"fact"})}
    return f"id: {line.id}\nevent: {line.kind}\ndata: {json.dumps(data)}\n\n"


def _after(last: int, session: Session) -> list[Activity]:
    query = select(Activity).where(col(Activity.id) > last).order_by(col(Activity.id)).limit(HISTORY_MAX)
    return list(session.exec(query))

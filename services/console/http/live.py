"""The live stream: one poller for all watchers, woken by commits; a slow watcher is let go."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlmodel import Session, col, select

from services.console.tables import Activity
from shared.work import Database

#: Lines of one look, batches of lines that may wait for a slow watcher, and watchers at once.
LOOK_MAX, QUEUE_MAX, WATCHERS_MAX = 200, 100, 250

#: Watchers hear of lines together, this often at most, in seconds: to write to 200 of them for each line would cost more
#: than the line.
EVERY_S = 0.05

#: A comment keeps proxies from closing a quiet stream, every so many seconds; who watches is asked for again then, too.
HEARTBEAT_S = 15.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as it goes over the wire."""

    id: int
    kind: str
    text: str


class Live:
    """Tells watchers what happens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake = database.wake_on_commit()
        self._watchers: set[asyncio.Queue[list[Line]]] = set()
        self._last: int | None = None
        self._told_at = 0.0

    @property
    def is_full(self) -> bool:
        """Whether there are as many watchers as we take."""
        return len(self._watchers) >= WATCHERS_MAX

    async def pump(self) -> bool:
        """A job: hand new lines to every watcher. True while there are more."""
        await asyncio.sleep(max(0.0, self._told_at + EVERY_S - time.monotonic()))
        if self._last is None:
            self._last = await self._database.look(_last)
        after = self._last
        fresh = await self._database.look(lambda session: lines_after(after, session))
        self._told_at = time.monotonic()
        if fresh:
            self._last = fresh[-1].id
            for queue in list(self._watchers):
                if queue.full():
                    self._watchers.discard(queue)
                else:
                    queue.put_nowait(fresh)
        return len(fresh) == LOOK_MAX

    @property
    def wake(self) -> asyncio.Event:
        """Set when there may be new lines."""
        return self._wake

    async def watch(
        self, after: int | None, kinds: Collection[str], may: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """What came after a line, then what comes (only that, when `after` is None), of some kinds or (none given) all.

        It ends when the watcher is too slow, and when `may` says that they may not watch any more; both may begin again.
        """
        queue: asyncio.Queue[list[Line]] = asyncio.Queue(QUEUE_MAX)
        self._watchers.add(queue)
        seen, asked_at = after or 0, time.monotonic()
        try:
            yield "retry: 2000\n\n"
            while after is not None:
                missed = await self._missed(seen)
                yield _told(missed, seen, kinds) or ": catching up\n\n"
                seen = missed[-1].id if missed else seen
                if len(missed) < LOOK_MAX:
                    break
            while queue in self._watchers:
                text = ""
                with suppress(TimeoutError):
                    fresh = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                    text, seen = _told(fresh, seen, kinds), max(seen, fresh[-1].id)
                if text:
                    yield text
                if time.monotonic() - asked_at > HEARTBEAT_S:
                    asked_at = time.monotonic()
                    if not await may():
                        return
                    yield ": still here\n\n"
        finally:
            self._watchers.discard(queue)

    async def _missed(self, seen: int) -> list[Line]:
        return await self._database.look(lambda session: lines_after(seen, session))


def lines_after(last: int, session: Session) -> list[Line]:
    """The next lines of activity. JSON keeps every line end inside."""
    query = select(Activity).where(col(Activity.id) > last).order_by(col(Activity.id)).limit(LOOK_MAX)
    return [_line(row) for row in session.exec(query)]


def _line(row: Activity) -> Line:
    data = json.dumps(row.model_dump(mode="json", exclude={"fact"}))
    return Line(row.id or 0, row.kind, f"id: {row.id}\nevent: {row.kind}\ndata: {data}\n\n")


def _told(lines: list[Line], seen: int, kinds: Collection[str]) -> str:
    return "".join(line.text for line in lines if line.id > seen and (not kinds or line.kind in kinds))


def _last(session: Session) -> int:
    newest = select(Activity.id).order_by(col(Activity.id).desc()).limit(1)
    return session.exec(newest).first() or 0

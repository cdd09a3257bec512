"""Feeding a service again from stored events, into a database of its own, while nothing leaves it.

The service's real handlers run, batch by batch, with the receipts, savepoints and clocks of the first time; its jobs do
not. What they say is written down as published long ago, so that the database can be put in the place of the old one.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from redis.asyncio import Redis
from sqlalchemy import update

from longstop.services import services
from longstop.stored import Span, Stored, answers, in_order, open_outbox, outbox_events, stream_events
from shared.blobs import open_blobs
from shared.bus import Delivery, On, Unreadable, connect, read_entry
from shared.bus.batch import Batch, Outcome
from shared.bus.fuse import Fuse
from shared.entry_ids import START, sortable
from shared.errors import LongstopError
from shared.events import Event
from shared.health import Health
from shared.run import Room, Service
from shared.settings import Settings
from shared.work import Database, Work

#: Events of one transaction; the clock of their handlers is that of the last of them.
BATCH_MAX = 500

#: Events that are sorted by stream, so that transactions are large: how many, and how far apart they may be. Where no order
#: matters they are one transaction, however far apart they are.
WINDOW_MAX = 5_000
WINDOW_SPAN = timedelta(seconds=1)

#: Stands for all streams.
ALL = ""

Item = TypeVar("Item")

#: Attempts are not counted: what has to wait is tried again after everything else.
ATTEMPTS_MAX = 1_000_000


@dataclass(slots=True)
class Tally:
    """What came of it, in events."""

    handled: int = 0
    repeated: int = 0
    dead: int = 0
    waiting: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a batch; what waits is counted at the end."""
        self.handled += len(outcome.handled)
        self.repeated += len(outcome.repeated)
        self.dead += len(outcome.dead)


class Replay:
    """One replay of one service into `target`, a fresh database."""

    def __init__(self, service: Service, settings: Settings, target: Database) -> None:
        self._service = service
        self._settings = settings
        self._target = target
        self._redis: Redis = connect(settings.redis_url or "redis://127.0.0.1:0")
        room = Room(settings, target, open_blobs(settings.blobs_at()), self._redis)
        parts = service.build(room)
        recalls = {kind: On(handle) for kind, handle in parts.recalls.items()}
        reactions = {**parts.on, **recalls}  # in this order: what the service said follows from what it had read
        self._on: Mapping[str, tuple[type[Event], On]] = {kind.STREAM: (kind, on) for kind, on in reactions.items()}
        self._any_order = parts.any_order
        self._late: dict[str, list[Delivery | Unreadable]] = {}

    async def run(self, span: Span, progress: Callable[[Tally], None] = lambda _: None) -> Tally:
        """Handle everything of `span`; `progress` is told after each batch.

        Raises:
            LongstopError: there is nothing to read from.
            Defer: a database cannot be used now.
            RedisError: Redis stopped answering on the way.
        """
        await self._target.create()
        tally = Tally()
        outboxes = await self._outboxes(tally)
        try:
            events = await self._sources(outboxes, span, tally)
            async for window in windows(events, timedelta.max if self._any_order else WINDOW_SPAN):
                for stream, items, at in self._transactions(window):
                    tally.add(await self._settle(stream, items, at))
                    progress(tally)
                end = window[-1].at
            while self._late and await self._try_late(tally, end):
                progress(tally)
        finally:
            for outbox in outboxes:
                await outbox.close()
            await self._redis.aclose()
        tally.waiting = sum(map(len, self._late.values()))
        return tally

    async def _outboxes(self, tally: Tally) -> list[Database]:
        """The databases of all services that say what this one wants to hear."""
        found = []
        for writer in services():
            if {kind.STREAM for kind in writer.contract.writes} & self._on.keys():
                opened = await open_outbox(self._settings, writer.name)
                if isinstance(opened, Database):
                    found.append(opened)
                else:
                    tally.notes.append(opened)
        return found

    async def _sources(self, outboxes: Sequence[Database], span: Span, tally: Tally) -> AsyncIterator[Stored]:
        sources = [outbox_events(outbox, list(self._on), span) for outbox in outboxes]
        if self._settings.redis_url and await answers(self._redis):
            prefix = self._settings.stream_prefix
            sources += [stream_events(self._redis, prefix, stream, span) for stream in self._on]
        else:
            tally.notes.append("Redis does not answer: events are taken from the databases alone")
        if not sources:
            raise LongstopError("there is nothing to read from: neither a database nor Redis can be reached")
        return in_order(sources)

    def _transactions(
        self, window: Sequence[Stored]
    ) -> Iterator[tuple[str, Sequence[Delivery | Unreadable], datetime]]:
        """What is handled together: stream, entries, clock. First what may be mixed, in the order of time."""
        read = [(one, self._read(one)) for one in window]
        if self._any_order:
            yield ALL, [item for _, item in read if isinstance(item, Delivery)], window[-1].at
            read = [(one, item) for one, item in read if isinstance(item, Unreadable)]
        for stream in self._on:
            for some in slices([(one, item) for one, item in read if one.stream == stream]):
                yield stream, [item for _, item in some], some[-1][0].at

    def _read(self, one: Stored) -> Delivery | Unreadable:
        kind, _ = self._on[one.stream]
        return read_entry(kind, f"{self._settings.stream_prefix}:{kind.STREAM}", one.entry_id, one.fields)

    async def _settle(self, stream: str, items: Sequence[Delivery | Unreadable], at: datetime) -> Outcome:
        reaction = On(self._handle, foresee=self._foresee) if stream == ALL else self._on[stream][1]
        if reaction.prepare:
            readable = [item for item in items if isinstance(item, Delivery)]
            items = [item for item in items if isinstance(item, Unreadable)] + list(await reaction.prepare(readable))
        name = f"{self._settings.stream_prefix}:{stream}"
        fuse = Fuse(self._service.name, name, ATTEMPTS_MAX, Health())
        batch = Batch(name, self._service.name, reaction.handle, reaction.foresee, ATTEMPTS_MAX, fuse)

        def write(work: Work) -> Outcome:
            work.at = at
            outcome = batch.settle(items, work)
            work.flush()
            self._hush(work)
            return outcome

        outcome = await self._target.run(write)
        waiting = set(outcome.retry)
        for item in items:
            if isinstance(item, Delivery) and item.envelope.entry_id in waiting:
                self._late.setdefault(stream, []).append(item)
        return outcome

    def _handle(self, event: Event, work: Work) -> None:
        self._on[event.STREAM][1].handle(event, work)

    def _foresee(self, events: Sequence[Event], work: Work) -> None:
        """Streams that look up in the same way do so together."""
        alike: dict[Callable[[Sequence[Event], Work], None], list[Event]] = {}
        for event in events:
            if foresee := self._on[event.STREAM][1].foresee:
                alike.setdefault(foresee, []).append(event)
        for foresee, some in alike.items():
            foresee(some, work)

    def _hush(self, work: Work) -> None:
        """Everything that was said just now counts as published and read."""
        outbox = self._target.outbox
        said = update(outbox).where(outbox.c.entry_id.is_(None)).values(entry_id=sortable(START), confirmed=True)
        work.session.connection().execute(said)

    async def _try_late(self, tally: Tally, at: datetime) -> bool:
        """Try once more what had to wait for something that came later; whether any of it got through."""
        late, self._late = self._late, {}
        before = sum(map(len, late.values()))
        for stream, items in late.items():
            for some in slices(items):
                tally.add(await self._settle(stream, some, at))
        return sum(map(len, self._late.values())) < before


async def windows(events: AsyncIterator[Stored], span: timedelta = WINDOW_SPAN) -> AsyncIterator[list[Stored]]:
    """Events that were said at about the same time: streams never had an order between them at so short a distance."""
    window: list[Stored] = []
    async for event in events:
        if window and (len(window) >= WINDOW_MAX or event.at - window[0].at > span):
            yield window
            window = []
        window.append(event)
    if window:
        yield window


def slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut what one transaction should not take at once."""
    return (items[start : start + BATCH_MAX] for start in range(0, len(items), BATCH_MAX))

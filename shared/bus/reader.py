"""The bus: one service reads its streams in batches, through FastStream.

```
read a batch -> parse each entry -> prepare (outside) -> one transaction: receipts, handlers, events -> one XACK
```

A batch runs in one savepoint; when it fails it is run again with a savepoint for each event, so that one bad event costs
the others nothing but time. FastStream gives the subscribers; what it cannot promise is done here: groups at 0, parsing
that never raises, acknowledgement after the commit, retries with growing delay, dead letters (docs/decisions).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog
from faststream import AckPolicy
from faststream.redis import StreamSub
from faststream.redis.message import RedisBatchStreamMessage
from redis.exceptions import RedisError

from shared.bus.batch import Batch, Outcome
from shared.bus.broker import make_broker
from shared.bus.claims import ALONE_FROM, Claims, Entry
from shared.bus.client import create_groups
from shared.bus.entries import Delivery, Unreadable, read_entry
from shared.bus.fuse import Fuse
from shared.bus.pace import Pace
from shared.bus.settled import tell_settled
from shared.errors import Defer
from shared.events import Event
from shared.health import Health
from shared.log import Complaint
from shared.settings import Settings
from shared.tasks import end
from shared.work import Database, Work

#: How long one read waits for entries, in milliseconds; a stop waits no longer than this.
BLOCK_MS = 1_000

#: How often pending entries are looked through, in seconds.
CLAIM_EVERY_S = 1.0

#: Waits between attempts at a batch that the database or the blob store cannot take, in seconds.
TROUBLE_WAIT_S, TROUBLE_WAIT_MAX_S = 0.1, 5.0

Handle: TypeAlias = Callable[[Any, Work], None]
Foresee: TypeAlias = Callable[[Sequence[Any], Work], None]
Prepare: TypeAlias = Callable[[Sequence[Delivery]], Awaitable[Sequence[Delivery | Unreadable]]]


@dataclass(frozen=True, slots=True)
class On:
    """What a service does on an event.

    `prepare` a batch outside (blobs); inside the transaction `foresee` what its events will look up, then `handle` each.
    """

    handle: Handle
    prepare: Prepare | None = None
    foresee: Foresee | None = None


class Bus:
    """The reading side of one service."""

    def __init__(self, settings: Settings, database: Database, on: Mapping[type[Event], On], health: Health) -> None:
        self._settings = settings
        self._database = database
        self._group = database.service
        self._on = {f"{settings.stream_prefix}:{kind.STREAM}": (kind, reaction) for kind, reaction in on.items()}
        self._health = health
        self._fuses = {stream: Fuse(self._group, stream, settings.halt_after, health) for stream in self._on}
        self._claims = Claims(self._group, settings)
        self._in_flight: set[tuple[str, str]] = set()
        self._stopping = asyncio.Event()
        self._left = asyncio.Event()  # entries were left pending, to be tried again before the next look
        self._claiming: asyncio.Task[None] | None = None
        self._log = structlog.stdlib.get_logger("bus").bind(service=self._group)
        self._broker = make_broker(settings, self._group, health)
        for stream in self._on:
            self._subscribe(stream)

    @property
    def _client(self) -> Any:  # redis-py types every answer as a union of all protocols
        return self._broker.config.broker_config.connection.client

    async def start(self) -> None:
        """Make the groups, then read. Waits for Redis as long as it takes."""
        wait_s, complaint = 0.1, Complaint()
        while True:
            try:
                client = await self._broker.connect()
                client.rest_s = {stream: fuse.rest_s for stream, fuse in self._fuses.items()}
                await create_groups(client, self._group, self._on)
                await self._broker.start()
            except (RedisError, OSError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                self._health.tell("bus", f"streams cannot be read: {reason}")
                if complaint.is_due():
                    self._log.warning("bus waits for redis", reason=reason)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)
            else:
                self._health.over("bus")
                self._claiming = asyncio.create_task(self._claim_for_ever())
                return

    async def stop(self) -> None:
        """Finish the batches in flight, then stop reading."""
        self._stopping.set()
        if self._claiming:
            await end(self._claiming)
        await self._broker.stop()

    async def _claim_for_ever(self) -> None:
        retry_s = min(CLAIM_EVERY_S, self._settings.retry_base_ms / 1000)
        while True:
            self._left.clear()
            waiting = await self._claims.waiting(self._client, self._on)
            for stream in waiting:
                with suppress(RedisError, OSError):
                    await self._claim(stream)
            if not waiting:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._left.wait(), CLAIM_EVERY_S - retry_s)
            await asyncio.sleep(retry_s)

    async def _claim(self, stream: str) -> None:
        """Take over what is due; while the reader stands still, one entry now and then."""
        fuse = self._fuses[stream]
        if fuse.rest_s():
            return
        limit = 1 if fuse.blown else self._settings.batch_max
        entries = await self._claims.take(self._client, stream, self._in_flight, limit)
        together = [entry for entry in entries if entry[2] < ALONE_FROM]
        if together:
            await self._handle(stream, together)
        for entry in entries:
            if entry[2] >= ALONE_FROM:
                await self._handle(stream, [entry])

    def _subscribe(self, stream: str) -> None:
        subscription = StreamSub(
            stream,
            group=self._group,
            consumer=self._settings.replica,
            batch=True,
            max_records=self._settings.batch_max,
            polling_interval=BLOCK_MS,
        )

        async def parse(raw: Any) -> RedisBatchStreamMessage:
            return RedisBatchStreamMessage(
                raw_message=raw, body=b"", consumer=self._client, group=self._group, content_type="application/json"
            )

        async def decode(message: RedisBatchStreamMessage) -> Any:
            return message.raw_message

        pace = Pace(self._settings.batch_max)

        async def on_batch(raw: Any) -> None:
            ids = [entry_id.decode() for entry_id in raw["message_ids"]]
            await self._handle(
                stream, [(entry_id, fields, 1) for entry_id, fields in zip(ids, raw["data"], strict=True)]
            )
            await pace.linger(len(ids))

        self._broker.subscriber(stream=subscription, parser=parse, decoder=decode, ack_policy=AckPolicy.MANUAL)(
            on_batch
        )

    async def _handle(self, stream: str, entries: list[Entry]) -> None:
        """Handle entries and acknowledge what is settled; the rest stays pending."""
        flying = {(stream, entry_id) for entry_id, _, _ in entries}
        self._in_flight |= flying
        try:
            outcome = await self._settle_patiently(stream, entries)
            settled = [*outcome.handled, *outcome.repeated, *outcome.dead]
            if settled:
                await self._client.xack(stream, self._group, *settled)
            if outcome.retry:
                self._left.set()
        except (RedisError, OSError) as error:
            self._log.warning("batch is handled but not acknowledged", stream=stream, reason=str(error))
        except Exception:
            self._log.exception("batch failed", stream=stream, events=len(entries))
        finally:
            self._in_flight -= flying
            self._fuses[stream].tried()

    async def _settle_patiently(self, stream: str, entries: list[Entry]) -> Outcome:
        """Settle a batch; while the database or the blob store cannot take it, try the same one again.

        It is not the entries that fail then: nothing new is read, and no attempt is counted.
        """
        wait_s, told = TROUBLE_WAIT_S, False
        while True:
            try:
                return await self._settle(stream, entries)
            except Defer as reason:
                if not told:
                    self._log.warning("batch waits", stream=stream, events=len(entries), reason=str(reason))
                told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)
            if self._stopping.is_set():
                with suppress(RedisError, OSError):
                    await self._claims.forget_attempt(self._client, stream, entries)
                return Outcome()
            wait_s = min(wait_s * 2, TROUBLE_WAIT_MAX_S)

    async def _settle(self, stream: str, entries: list[Entry]) -> Outcome:
        kind, reaction = self._on[stream]
        read: list[Delivery | Unreadable] = [
            read_entry(kind, stream, entry_id, fields, attempts) for entry_id, fields, attempts in entries
        ]
        if reaction.prepare:
            readable = [item for item in read if isinstance(item, Delivery)]
            read = [item for item in read if isinstance(item, Unreadable)]
            read += await reaction.prepare(readable)
        batch = Batch(
            stream, self._group, reaction.handle, reaction.foresee, self._settings.attempts_max, self._fuses[stream]
        )
        begun = time.monotonic()
        outcome = await self._database.run(lambda work: batch.settle(read, work))
        tell_settled(self._group, stream, read, outcome, time.monotonic() - begun)
        return outcome

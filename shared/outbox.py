"""The relay: committed outbox rows become stream entries, in order, in pipelines.

A crash between XADD and the mark publishes a row twice, with one event id; the readers' inboxes drop the copy. Redis is
a doorbell: rows stay after publishing, so that the keeper can have published again what a server forgot.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import structlog
from pydantic_core import from_json
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from shared.bulk import Bulk
from shared.entry_ids import entry_id_of, sortable
from shared.errors import Defer
from shared.health import Health
from shared.metrics import EVENTS_PUBLISHED, OUTBOX_WAITING
from shared.packed import send_packed
from shared.work import Database

#: Rows in one pipeline: large enough that round trips vanish, small enough that a mark is one short statement.
PIPELINE_MAX = 500

#: Bytes in one pipeline, roughly: large events must not make one answer take longer than the socket's patience.
PIPELINE_MAX_BYTES = 4 * 1024 * 1024

#: Without a wake-up the relay looks this often, in seconds: rows of another replica that died before sending.
SWEEP_EVERY_S = 2.0

#: Longest wait, in seconds, between attempts while Redis cannot be written.
PATIENCE_MAX_S = 5.0

Row = tuple[int, str, str]


@dataclass(slots=True)
class Sent:
    """What one pipeline did: rows with the ids of their entries, and what went wrong with the others."""

    marks: list[tuple[str, int]]  # sortable entry id and row
    trouble: Exception | None = None


class Relay:
    """Sends the outbox of one service."""

    def __init__(self, database: Database, redis: Redis, prefix: str, health: Health | None = None) -> None:
        self._database = database
        self._health = health or Health()
        self.redis = redis
        self._prefix = prefix
        self._wake = database.wake_on_commit()
        self._log = structlog.stdlib.get_logger("relay").bind(service=database.service)
        self._stuck = False
        outbox = database.outbox
        mark = update(outbox).where(outbox.c.seq == bindparam("row")).values(entry_id=bindparam("entry"))
        self._published = Bulk(mark, ("entry", "row"))

    async def run(self) -> None:
        """Send for ever; while Redis or the database is away, wait with growing delay and tell once."""
        wait_s = 0.1
        while True:
            try:
                while await self.sweep():
                    pass
                wait_s = 0.1
                self._tell(stuck=False)
            except (RedisError, OSError, Defer) as error:
                self._tell(stuck=True, reason=str(error) or type(error).__name__)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, PATIENCE_MAX_S)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_EVERY_S)
            self._wake.clear()

    def _tell(self, *, stuck: bool, reason: str = "") -> None:
        """Tell when it changes, not each time."""
        if stuck:
            self._health.tell("relay", f"events wait to be published: {reason}")
        if stuck and not self._stuck:
            self._log.warning("outbox waits", reason=reason)
        elif self._stuck and not stuck:
            self._health.over("relay")
            self._log.info("outbox goes on")
        self._stuck = stuck
        OUTBOX_WAITING.labels(self._database.service).set(stuck)

    def rouse(self) -> None:
        """Look for unsent rows now."""
        self._wake.set()

    async def sweep(self) -> int:
        """Send one pipeline of unsent rows; how many rows were sent.

        Raises:
            RedisError: what was sent before it is marked, the rest stays unsent.
            OSError: the same.
            Defer: the database cannot be used now.
        """
        sent = await self._database.hand_over(self._unsent, self._send, self._mark)
        if sent is None:
            return 0
        EVENTS_PUBLISHED.labels(self._database.service).inc(len(sent.marks))
        if sent.trouble:
            raise sent.trouble
        return len(sent.marks)

    async def _send(self, rows: Sequence[Row]) -> Sent:
        commands = [
            ("XADD", f"{self._prefix}:{stream}", "*", *chain.from_iterable(from_json(fields).items()))
            for _, stream, fields in rows
        ]
        try:
            answers = await send_packed(self.redis, commands)
        except (RedisError, OSError) as error:
            return Sent([], error)
        sent = Sent([])
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, Exception):
                sent.trouble = answer
            else:
                sent.marks.append((sortable(entry_id_of(answer)), row[0]))
        return sent

    def _unsent(self, session: Session) -> list[Row]:
        outbox = self._database.outbox.c
        query = (
            select(outbox.seq, outbox.stream, outbox.fields)
            .where(outbox.entry_id.is_(None))
            .order_by(outbox.seq)
            .limit(PIPELINE_MAX)
            .with_for_update(skip_locked=True)
        )
        rows: list[Row] = []
        size_bytes = 0
        for seq, stream, fields in session.execute(query):
            rows.append((seq, stream, fields))
            size_bytes += len(fields)
            if size_bytes > PIPELINE_MAX_BYTES:
                break
        return rows

    def _mark(self, session: Session, sent: Sent) -> None:
        if sent.marks:
            self._published.run(session.connection(), sent.marks)

"""The relay: committed outbox rows become stream entries, in order, in pipelines.

A crash between XADD and the mark publishes a row twice, with one event id; the readers' inboxes drop the copy. Redis is
a doorbell: rows stay after publishing, so that what a lost server forgot can be published again.
"""

import asyncio
import json
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from shared.errors import Defer
from shared.work import Database, Work

#: Rows in one pipeline: large enough that round trips vanish, small enough that a mark is one short statement.
PIPELINE_MAX = 500

#: Without a wake-up the relay looks this often, in seconds: rows of another replica that died before sending.
SWEEP_EVERY_S = 2.0

#: Longest wait, in seconds, between attempts while Redis cannot be written.
PATIENCE_MAX_S = 5.0

Row = tuple[int, str, str]


class Relay:
    """Sends the outbox of one service."""

    def __init__(self, database: Database, redis: Redis, prefix: str) -> None:
        self._database = database
        self._redis = redis
        self._prefix = prefix
        self._wake = database.wake_on_commit()
        self._log = structlog.stdlib.get_logger("relay").bind(service=database.service)
        self.stuck = False

    async def run(self) -> None:
        """Send for ever; while Redis or the database is away, wait with growing delay and tell once."""
        wait_s = 0.1
        while True:
            try:
                while await self.sweep():
                    pass
                wait_s, self.stuck = 0.1, False
            except (RedisError, OSError, Defer) as error:
                if not self.stuck:
                    self._log.warning("outbox waits", reason=str(error) or type(error).__name__)
                self.stuck = True
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, PATIENCE_MAX_S)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_EVERY_S)
            self._wake.clear()

    async def sweep(self) -> int:
        """Send one pipeline of unsent rows; how many rows were sent.

        Raises:
            RedisError: what was sent before it is marked, the rest stays unsent.
            Defer: the database cannot be used now.
        """
        rows = await self._database.look(self._unsent)
        if not rows:
            return 0
        pipeline = self._redis.pipeline(transaction=False)
        for _, stream, fields in rows:
            pipeline.xadd(f"{self._prefix}:{stream}", json.loads(fields))
        answers = await pipeline.execute(raise_on_error=False)
        sent = [
            {"row": row[0], "entry": answer.decode() if isinstance(answer, bytes) else str(answer)}
            for row, answer in zip(rows, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        if sent:
            await self._database.run(lambda work: self._mark(work, sent), quiet=True)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return len(sent)

    def _unsent(self, session: Session) -> list[Row]:
        outbox = self._database.outbox.c
        query = (
            select(outbox.seq, outbox.stream, outbox.fields)
            .where(outbox.published_at.is_(None))
            .order_by(outbox.seq)
            .limit(PIPELINE_MAX)
        )
        return [(seq, stream, fields) for seq, stream, fields in session.execute(query)]

    def _mark(self, work: Work, sent: list[dict[str, object]]) -> None:
        outbox = self._database.outbox
        mark = (
            update(outbox)
            .where(outbox.c.seq == bindparam("row"))
            .values(published_at=work.at, entry_id=bindparam("entry"))
        )
        work.session.connection().execute(mark, sent)

"""The keeper's rounds."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog
from redis.exceptions import RedisError

from shared.bus.entries import DEAD_STREAM
from shared.contract import Contract
from shared.entry_ids import START, EntryId, entry_id_of, sortable
from shared.errors import Defer
from shared.health import Health, watch_disk, watch_outbox
from shared.keeper import gauges
from shared.keeper.ledger import Ledger, Waiting
from shared.keeper.positions import State, read_state, which_are_there
from shared.keeper.readers import Readers
from shared.keeper.retention import Retention
from shared.metrics import PUBLISHED_AGAIN
from shared.outbox import Relay
from shared.settings import Settings
from shared.work import Database, now

#: How long rows are kept after they are confirmed, and receipts after they are written. Receipts are kept longer: a row
#: that is published again must always find the receipt of its first time.
KEEP_ROWS, KEEP_RECEIPTS = timedelta(days=7), timedelta(days=14)

#: How often old rows are looked for, in rounds.
FORGET_EVERY = 30


class Keeper:
    """Looks after one service's share of the streams."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        settings: Settings,
        contract: Contract,
        health: Health,
    ) -> None:
        self._relay = relay
        self._redis = relay.redis
        self._settings = settings
        self._health = health
        self._service = database.service
        self._ledger = Ledger(database)
        self._reads = {kind.STREAM for kind in contract.reads}
        self._writes = {DEAD_STREAM, *(kind.STREAM for kind in (*contract.writes, *contract.doors))}
        self._readers = Readers(database)
        self._checked: dict[str, tuple[EntryId, int]] = {}
        keep = timedelta(hours=settings.stream_keep_hours)
        self._keep = keep
        self._retention = {
            stream: Retention(keep_entries=settings.stream_keep_entries, keep=keep)
            for stream in self._writes - {DEAD_STREAM}
        }
        self._full: set[str] = set()
        self._rounds = 0
        self._log = structlog.stdlib.get_logger("keeper").bind(service=self._service)

    async def run(self) -> None:
        """Make rounds for ever. What cannot be done in one is done in the next; the relay and the readers complain."""
        while True:
            with suppress(Defer):
                await self._measure_outbox()
                await self._forget()
                with suppress(RedisError, OSError):
                    await self.round()
            await asyncio.sleep(self._settings.keeper_every_s)

    async def round(self) -> None:
        """Look after every stream once.

        Raises:
            RedisError: Redis does not answer; nothing was trimmed or confirmed wrongly.
            Defer: the same of the database.
        """
        waiting = await self._ledger.waiting()
        for stream in sorted(self._reads | self._writes | set(waiting)):
            rows = waiting.get(stream)
            state = await read_state(self._redis, self._name(stream), [rows.first, rows.last] if rows else [])
            if state is None:
                continue
            gauges.show(self._service, self._name(stream), state, now())
            self._watch_size(stream, state)
            if rows:
                await self._settle(stream, rows, state)
            if stream in self._retention:
                await self._trim(stream, state)

    def _name(self, stream: str) -> str:
        return f"{self._settings.stream_prefix}:{stream}"

    async def _measure_outbox(self) -> None:
        depth = await self._ledger.depth(self._settings.outbox_max + 1)
        gauges.show_outbox(self._service, depth, now())
        watch_outbox(self._health, unsent=depth.unsent, limit=self._settings.outbox_max)
        watch_disk(self._health, self._settings.blob_dir(), min_free_mb=self._settings.disk_min_mb)

    async def _settle(self, stream: str, rows: Waiting, state: State) -> None:
        """Confirm what every reader has; publish again what none can find."""
        if not all(state.there) or self._has_new_holes(stream, rows, state):
            await self._restore(stream, state)
        elif state.groups and await self._readers.are_there(stream, state.groups, now()):
            if rows.first < sortable(state.horizon):
                await self._ledger.confirm(stream, state.horizon)
        elif stream != DEAD_STREAM and not await self._readers.had_any(stream):
            await self._ledger.confirm_old(stream, now() - self._keep)

    def _has_new_holes(self, stream: str, rows: Waiting, state: State) -> bool:
        """Whether somebody has deleted entries among those that wait, since they were looked for last."""
        holes = state.last_deleted, state.gone
        if rows.first > sortable(state.last_deleted) or self._checked.get(stream) == holes:
            return False
        self._checked[stream] = holes
        return True

    async def _restore(self, stream: str, state: State) -> None:
        """An entry has gone that some reader has not acknowledged: Redis was wiped, restored, or cut by a stranger.

        A dead letter that was deleted was dropped or replayed by an operator, and stays away.
        """
        after, again = "", 0
        while page := await self._ledger.page(stream, after):
            after = page[-1][1]
            there = await which_are_there(self._redis, self._name(stream), [entry for _, entry in page])
            gone = [row for row, found in zip(page, there, strict=True) if not found]
            dropped = [
                seq for seq, entry in gone if stream == DEAD_STREAM and START < entry_id_of(entry) <= state.last_deleted
            ]
            if dropped:
                await self._ledger.confirm_rows(dropped)
            lost = [seq for seq, _ in gone if seq not in set(dropped)]
            if lost:
                await self._ledger.send_again(lost)
                again += len(lost)
        if again:
            PUBLISHED_AGAIN.labels(self._service).inc(again)
            self._log.warning("entries were gone and are published again", stream=stream, rows=again)
            self._relay.rouse()

    def _watch_size(self, stream: str, state: State) -> None:
        """Tell once when a stream grows beyond what is healthy, and once when it is over."""
        if state.length > self._settings.stream_alarm_entries and stream not in self._full:
            self._full.add(stream)
            behind = {name: position.lag for name, position in state.groups.items()}
            self._log.error(
                "a stream is too long: see which reader is behind", stream=stream, length=state.length, **behind
            )
        elif state.length < self._settings.stream_alarm_entries // 2 and stream in self._full:
            self._full.discard(stream)
            self._log.info("the stream is short again", stream=stream, length=state.length)

    async def _trim(self, stream: str, state: State) -> None:
        if state.groups and not await self._readers.are_there(stream, state.groups, now()):
            return
        cut = self._retention[stream].cut(state, now())
        if cut > START and state.length:
            await self._redis.xtrim(self._name(stream), minid=f"{cut[0]}-{cut[1]}", approximate=True)

    async def _forget(self) -> None:
        self._rounds += 1
        if self._rounds % FORGET_EVERY:
            return
        at = now()
        more = True
        while more:
            more = await self._ledger.forget(published_before=at - KEEP_ROWS, handled_before=at - KEEP_RECEIPTS)
            await asyncio.sleep(0.05)  # let others write in between

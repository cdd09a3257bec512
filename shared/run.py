"""Starting services: settings, database, bus, relay, jobs, doors; draining them on SIGTERM.

A service is data (`Service`) and a function that builds its parts from a `Room`. One process runs one or all of them.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Protocol

import structlog
from fastapi import FastAPI
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import MetaData, text

from shared import interpreter, log
from shared.blobs import Blobs, open_blobs
from shared.bus import Bus, Handle, On, connect
from shared.contract import Contract
from shared.errors import Defer
from shared.events import Event
from shared.health import Health
from shared.jobs import Job, keep_running
from shared.keeper import Keeper
from shared.outbox import Relay
from shared.settings import Settings
from shared.tasks import end
from shared.web import HttpServer
from shared.work import Database

VERSION = version("longstop")

#: Longest waits of `/readyz` for the database and for Redis, in seconds: less than who asks waits for the answer.
READY_MAX_S = 1.4

#: How long a start waits for Redis before it opens the doors without, in seconds: they do not need it.
REDIS_PATIENCE_S = 5.0


class Door(Protocol):
    """A server that speaks a protocol other than HTTP."""

    async def start(self) -> None:
        """Begin to listen."""

    async def stop(self) -> None:
        """Finish open conversations, then close."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a service is built from."""

    settings: Any  # the service's own settings class
    database: Database
    blobs: Blobs
    redis: Redis
    health: Health = field(default_factory=Health)

    async def ready(self) -> None:
        """Whether work can be done now.

        Raises:
            Defer: the database or Redis does not answer, a reader stands still, or the doors are closed.
        """
        self.health.is_well()
        try:
            async with asyncio.timeout(READY_MAX_S):
                await self.database.look(lambda session: session.connection().execute(text("SELECT 1")).scalar())
        except TimeoutError as error:
            raise Defer("the database does not answer in time") from error
        try:
            async with asyncio.timeout(READY_MAX_S):
                await self.redis.ping()
        except (RedisError, OSError, TimeoutError) as error:
            raise Defer("redis does not answer") from error


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service consists of.

    `recalls` brings back, from facts that the service itself said, what no event that it reads had led to: the work of its
    jobs, and what people did over HTTP. A replay needs it. `databases` are more than the service's own, for rows that must
    outlive it. `any_order` promises that rows come out the same whichever stream is read first, so that a replay may take
    events of all streams and of any time together.
    """

    app: FastAPI
    port: int
    on: Mapping[type[Event], On] = field(default_factory=dict)
    jobs: Sequence[Job] = ()
    doors: Sequence[Door] = ()
    recalls: Mapping[type[Event], Handle] = field(default_factory=dict)
    databases: Sequence[Database] = ()
    any_order: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A service as data."""

    contract: Contract
    settings: type[Settings]
    tables: MetaData
    build: Callable[[Room], Parts]

    @property
    def name(self) -> str:
        """The service's name, its consumer group and the prefix of its tables."""
        return self.contract.name


class Running:
    """One started service."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self.name = service.name
        self.database = Database(settings.database_url_of(service.name), service.name, service.tables)
        self._redis = connect(settings.redis_url)
        self._room = Room(settings, self.database, open_blobs(settings.blobs_at()), self._redis, Health(service.name))
        self._parts = service.build(self._room)
        if set(self._parts.on) != set(service.contract.reads):
            raise RuntimeError(f"{service.name} does not handle what its contract says it reads")
        self._bus = Bus(settings, self.database, self._parts.on, self._room.health) if self._parts.on else None
        self._relay = Relay(self.database, self._redis, settings.stream_prefix, self._room.health)
        self._keeper = Keeper(self.database, self._relay, settings, service.contract, self._room.health)
        self._http = HttpServer(self._parts.app, settings.bind, self._parts.port)
        self._reading: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Create tables, read, relay, work, and only then open the doors; `/livez` and `/readyz` answer all the time.

        Without a database nothing goes; without Redis everything but the streams does.
        """
        await self._http.start(is_open=False)
        await self._create()
        self._tasks = [asyncio.create_task(keep_running(job, self.name)) for job in self._parts.jobs]
        self._tasks += [asyncio.create_task(self._relay.run()), asyncio.create_task(self._keeper.run())]
        if self._bus:
            self._reading = asyncio.create_task(self._bus.start())
            await asyncio.wait({self._reading}, timeout=REDIS_PATIENCE_S)
            if self._reading.done():
                self._reading.result()
        for door in self._parts.doors:
            await door.start()
        self._http.open()

    async def stop(self) -> None:
        """Close the doors, finish batches, send what is in the outbox, let go."""
        await self._http.stop()
        for door in self._parts.doors:
            await door.stop()
        if self._bus:
            await end(*([self._reading] if self._reading else []))
            await self._bus.stop()
        await end(*self._tasks)
        with contextlib.suppress(RedisError, OSError, Defer):
            while await self._relay.sweep():
                pass
        await self._redis.aclose()
        for database in (self.database, *self._parts.databases):
            await database.close()

    async def _create(self) -> None:
        """Create tables; waits for the database as long as it takes."""
        wait_s, complaint = 0.1, log.Complaint()
        while True:
            try:
                for database in (self.database, *self._parts.databases):
                    await database.create()
            except Defer as reason:
                self._room.health.tell("start", f"it waits to start: {reason}")
                if complaint.is_due():
                    structlog.stdlib.get_logger("run").warning("service waits", service=self.name, reason=str(reason))
            else:
                self._room.health.over("start")
                return
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 5.0)


async def run_services(
    services: Sequence[Service], overrides: Mapping[str, Any], started: Callable[[], None] = lambda: None
) -> None:
    """Run services until SIGTERM or SIGINT, then drain them.

    Raises:
        OSError: a port is taken.
        ValueError: a setting is wrong; the text names it.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    say = structlog.stdlib.get_logger("run")
    running: list[Running] = []
    stopping = asyncio.create_task(_wait(stop))
    try:
        running.extend(Running(service, service.settings(**overrides)) for service in services)
        starting = asyncio.create_task(_start(running))
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            interpreter.spare_collector()
            interpreter.take_short_turns()
            say.info("started", services=[one.name for one in running])
            started()
            await stopping
        else:
            await end(starting)
        say.info("draining")
    finally:
        await asyncio.gather(*(one.stop() for one in running))
        await end(stopping)


def serve(service: Service, overrides: Mapping[str, Any] | None = None) -> int:
    """Run one service in the foreground, as its container does; the exit code."""
    settings = service.settings(**(overrides or {}))
    log.configure(settings.log_level)
    if not settings.redis_url:
        raise ValueError(f"set LONGSTOP_REDIS_URL: {service.name} alone has no server of its own (longstop up has)")
    asyncio.run(run_services([service], overrides or {}))
    return 0


async def _start(running: Sequence[Running]) -> None:
    """Start all at once; when one cannot, none goes on: what is being stopped must not open a door."""
    starts = [asyncio.create_task(one.start()) for one in running]
    try:
        await asyncio.gather(*starts)
    finally:
        await end(*starts)


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()

"""The server that milter and policy service share: who may connect, how many at once, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address, ip_network

import structlog

from shared.tasks import end
from shared.web import listen

#: Connections at once: one for each process of the mail server that talks to a client.
CONNECTIONS_MAX = 1_000

#: What one message from the peer may hold, in bytes; libmilter's own limit is 1 MiB.
PACKET_MAX_BYTES = 1024 * 1024 + 512

#: Open conversations get so long to finish when the server stops, in seconds.
DRAIN_S = 5.0

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class GatewayDoor:
    """Listens for the mail server, which must come from an allowed network."""

    def __init__(self, name: str, bind: str, port: int, networks: Sequence[str], talk: Talk) -> None:
        self._name = name
        self._place = (bind, port)
        self._networks = tuple(map(ip_network, networks))
        self._talk = talk
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._log = structlog.stdlib.get_logger(name)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._serve, sock=listen(*self._place), limit=PACKET_MAX_BYTES)

    async def stop(self) -> None:
        """Take no more; conversations may finish what they are at."""
        if self._server:
            self._server.close()
        if self._open:
            await asyncio.wait(self._open, timeout=DRAIN_S)
        await end(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if task and self._may_come(writer):
                self._open.add(task)
                await self._talk(reader, writer)
        except (
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ConnectionError,
            TimeoutError,
            ValueError,
        ) as error:
            self._log.info("conversation ended", reason=type(error).__name__)
        finally:
            if task:
                self._open.discard(task)
            writer.close()

    def _may_come(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        client = ip_address(peer[0].partition("%")[0]) if peer else None
        if client is None or not any(client in network for network in self._networks):
            self._log.warning("this network may not ask", client=str(client))
            return False
        return len(self._open) < CONNECTIONS_MAX

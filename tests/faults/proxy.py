"""A line to Redis that can be cut, slowed or silenced: a TCP proxy in a thread of its own, loopback only."""

import asyncio
import threading
from contextlib import suppress

#: Bytes of one read.
CHUNK = 65_536


class Proxy:
    """Passes bytes on, unless told otherwise."""

    def __init__(self, port: int, target_port: int) -> None:
        self._port, self._target_port = port, target_port
        self.delay_s = 0.0
        self.silent = False  # takes everything, passes nothing on
        self.cut_replies = 0  # so many answers to an XADD are swallowed, and their connection cut
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(10)

    def stop(self) -> None:
        assert self._loop
        assert self._over
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def sever(self) -> None:
        """Cut every connection there is."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def heal(self) -> None:
        self.delay_s, self.silent, self.cut_replies = 0.0, False, 0
        self.sever()

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._up.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        line = Line()
        ends = {writer, there_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass(reader, there_writer, line, asks=True))
                tasks.create_task(self._pass(there_reader, writer, line, asks=False))
        except* OSError:
            pass
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: "Line", *, asks: bool
    ) -> None:
        while data := await reader.read(CHUNK):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            while self.silent:
                await asyncio.sleep(0.05)
            if asks:
                line.added = b"XADD" in data
            elif line.added and self.cut_replies > 0:
                self.cut_replies -= 1
                raise ConnectionError
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()
        raise ConnectionError


class Line:
    """One connection: whether its last question was an XADD."""

    added = False

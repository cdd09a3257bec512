"""How long a client may take: for the head of a request, for its body, for reading the answer. A slow one keeps no connection."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Longest time for the head of a request, from the connection or its first byte on, in seconds.
HEAD_MAX_S = 15.0

#: Longest pause in a body, and longest time for all of it, in seconds: 100 MB at 3 Mbit/s.
PIECE_MAX_S, BODY_MAX_S = 30.0, 300.0

#: How long a body is read on, and thrown away, that was answered before its end (RFC 9112, section 9.6), in seconds.
LINGER_MAX_S = 5.0

#: Longest time in which a client takes nothing of an answer that waits for it, in seconds.
READ_MAX_S = 60.0

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Patient(H11Protocol):
    """uvicorn's connection, which itself waits for ever (its keep-alive counts only between requests)."""

    _phase: Any = h11.IDLE
    _since = 0.0
    _answered: Any = None
    _waiting: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client came."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._wait(HEAD_MAX_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._wait(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """It said something: a head is bounded as a whole, a body as a whole and in its pauses."""
        super().data_received(data)
        phase, at = self.conn.their_state, self.loop.time()
        if phase is not self._phase:
            self._phase, self._since = phase, at
        if phase is h11.IDLE:
            self._wait(self._since + HEAD_MAX_S - at)
        elif phase is not h11.SEND_BODY:
            self._wait(None)
        elif not self.cycle.response_complete:
            self._wait(min(PIECE_MAX_S, self._since + BODY_MAX_S - at))
        elif self._answered is not self.cycle:
            self._answered = self.cycle
            self._wait(LINGER_MAX_S)

    def pause_writing(self) -> None:
        """It does not read what we say."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_MAX_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self._reading:
            self._reading.cancel()
            self._reading = None

    def _wait(self, seconds: float | None) -> None:
        if self._waiting:
            self._waiting.cancel()
        self._waiting = None if seconds is None else self.loop.call_later(max(0.0, seconds), self._too_slow)

    def _too_slow(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._wait(PIECE_MAX_S)
        elif not self.transport.is_closing():
            if self._phase is h11.IDLE or not self.cycle.response_started:
                self.transport.write(TOO_SLOW)
            self.transport.close()

"""The fuse of one stream's reader: many deaths in a row are a bad deploy, not bad events, so reading stops with an alarm."""

import time

import structlog

from shared.health import Health
from shared.metrics import READER_HALTED

#: The first and the longest wait before one event is tried again, in seconds.
PROBE_AFTER_S, PROBE_AFTER_MAX_S = 10.0, 300.0


class Fuse:
    """Blows after `limit` events in a row died of faults; the first event that succeeds mends it.

    While it is blown nothing dies any more, nothing is read, and a few events are tried now and then.
    What an entry itself is guilty of (unreadable, rejected) does not count: anybody may publish such.
    """

    def __init__(self, service: str, stream: str, limit: int, health: Health) -> None:
        self._service, self._stream, self._limit, self._health = service, stream, limit, health
        self._deaths = 0
        self._wait_s = PROBE_AFTER_S
        self._probe_at = 0.0
        self._gauge = READER_HALTED.labels(service, stream)
        self._log = structlog.stdlib.get_logger("bus").bind(service=service, stream=stream)

    @property
    def blown(self) -> bool:
        """Whether reading has stopped."""
        return self._deaths >= self._limit

    def may_die(self) -> bool:
        """Whether one more event may become a dead letter for a fault of ours; counts it."""
        if self.blown:
            return False
        self._deaths += 1
        if self.blown:
            self._stop()
        return True

    def succeeded(self) -> None:
        """An event was handled."""
        if self.blown:
            self._log.warning("reading goes on")
            self._gauge.set(0)
            self._health.over(self._name)
            self._wait_s = PROBE_AFTER_S
        self._deaths = 0

    def rest_s(self) -> float:
        """How long to wait before the next try, in seconds; 0 when one may be made now."""
        return max(0.0, self._probe_at - time.monotonic()) if self.blown else 0.0

    def tried(self) -> None:
        """A try was made; when reading still stands, the next one is later."""
        if self.blown:
            self._wait_s = min(self._wait_s * 2, PROBE_AFTER_MAX_S)
            self._probe_at = time.monotonic() + self._wait_s

    @property
    def _name(self) -> str:
        return f"reader of {self._stream}"

    def _stop(self) -> None:
        self._probe_at = time.monotonic() + self._wait_s
        self._gauge.set(1)
        self._log.critical(
            "reading stops: too many events in a row died of faults; look at `longstop dead list`, then mend or roll back",
            dead=self._deaths,
        )
        self._health.tell(
            self._name, f"the reader of {self._stream} stopped: {self._limit} events in a row died of faults"
        )

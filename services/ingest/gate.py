"""How many reports one reporter and one client may hand in: a bucket of tokens for each, refilled with time."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from services.ingest.settings import IngestSettings
from shared.errors import Defer

#: Reporters and clients that are remembered; the one that was seen the longest time ago is forgotten first.
KEYS_MAX = 20_000


class TooMany(Defer):
    """More than is allowed: the same report may be handed in `after_s` seconds later."""

    def __init__(self, who: str, after_s: float) -> None:
        super().__init__(f"too many reports from this {who}: try again later")
        self.after_s = math.ceil(after_s)


class Bucket:
    """`most` tokens for each key, refilled within `per_s` seconds; without `most` there is no limit."""

    def __init__(self, most: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._per_s = per_s
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take a token; the seconds to wait for one when there is none."""
        if not self._most or not key:
            return 0.0
        now = self._clock()
        left, at = self._left.pop(key, (float(self._most), now))
        left = min(self._most, left + (now - at) * self._most / self._per_s)
        taken = left >= 1
        self._left[key] = (left - taken, now)
        if len(self._left) > KEYS_MAX:
            self._left.popitem(last=False)
        return 0.0 if taken else (1 - left) * self._per_s / self._most


class Gate:
    """The limits of the doors that anybody's mail client may reach."""

    def __init__(self, settings: IngestSettings) -> None:
        self._reporters = Bucket(settings.reporter_per_hour, 3600)
        self._clients = Bucket(settings.client_per_minute, 60)

    def check(self, *, client: str, reporter: str) -> None:
        """Let one report through.

        Raises:
            TooMany: this client or this reporter handed in enough for now.
        """
        if wait_s := self._clients.take(client):
            raise TooMany("client", wait_s)
        if wait_s := self._reporters.take(reporter.lower()):
            raise TooMany("reporter", wait_s)

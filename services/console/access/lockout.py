"""Waiting times after wrong passwords and tokens, for each account and each client, in bounded memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from services.console.rules.access import delay_s

#: Wrong attempts in a row that cost nothing, and names and clients remembered.
FREE, REMEMBERED_MAX = 5, 10_000

#: Longest waits, in seconds: a client's grows long; an account's must not, or guessing at it would lock its owner out.
CLIENT_MAX_S, ACCOUNT_MAX_S = 900.0, 30.0

#: Wrong attempts are forgotten after so many quiet seconds.
FORGOTTEN_S = 3_600.0


@dataclass(slots=True)
class _Wrong:
    count: int
    at: float


class Lockout:
    """Counts wrong attempts. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], _Wrong] = OrderedDict()

    def wait_s(self, client: str, account: str = "") -> float:
        """How long the next attempt has to wait, in seconds."""
        waits = (self._wait_of(("client", client), CLIENT_MAX_S), self._wait_of(("account", account), ACCOUNT_MAX_S))
        return max(waits)

    def wrong(self, client: str, account: str = "") -> None:
        """An attempt was wrong."""
        for key in (("client", client), ("account", account)):
            if key[1]:
                known = self._wrong.pop(key, None)
                count = known.count if known and self._clock() - known.at < FORGOTTEN_S else 0
                self._wrong[key] = _Wrong(count + 1, self._clock())
        while len(self._wrong) > REMEMBERED_MAX:
            self._wrong.popitem(last=False)

    def right(self, client: str, account: str = "") -> None:
        """Somebody got in: what was wrong before is forgiven."""
        for key in (("client", client), ("account", account)):
            self._wrong.pop(key, None)

    def _wait_of(self, key: tuple[str, str], longest_s: float) -> float:
        known = self._wrong.get(key)
        if known is None:
            return 0.0
        return max(0.0, known.at + delay_s(known.count, free=FREE, longest_s=longest_s) - self._clock())

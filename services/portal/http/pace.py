"""How often something happens, counted in bounded memory."""

from collections import OrderedDict, deque

#: Clients and recipients that are remembered; the one that was quiet longest is forgotten first.
REMEMBERED = 10_000


class Pace:
    """How often something happened in the last minute, for a bounded number of names."""

    def __init__(self, most: int, remembered: int = REMEMBERED) -> None:
        self._most = most
        self._remembered = remembered
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def is_full(self, name: str, at: float) -> bool:
        """Whether it may not happen once more now."""
        times = self._times.get(name)
        return times is not None and len(times) == self._most and at - times[0] < 60

    def count(self, name: str, at: float) -> None:
        """It happened."""
        times = self._times.setdefault(name, deque(maxlen=self._most))
        self._times.move_to_end(name)
        times.append(at)
        if len(self._times) > self._remembered:
            self._times.popitem(last=False)

"""How much of a stream is kept for those who look back: by age and by number, never more than the slowest reader allows."""

from collections import deque
from datetime import datetime, timedelta

from shared.entry_ids import START, EntryId
from shared.keeper.positions import State

#: Samples of a stream's growth that are remembered; with one every few seconds some minutes, which is what a burst lasts.
SAMPLES = 512


class Retention:
    """Where a stream may be cut.

    Redis can cut by number only blindly (MAXLEN counts unread entries too), so the id at which to cut is learned: the
    slowest group says how many entries it has read up to which id, and an old answer is the cut of today.
    """

    def __init__(self, *, keep_entries: int, keep: timedelta) -> None:
        self._keep_entries = keep_entries
        self._keep = keep
        self._samples: deque[tuple[int, EntryId]] = deque(maxlen=SAMPLES)

    def cut(self, state: State, at: datetime) -> EntryId:
        """Entries before this id may go; `START` when none may."""
        too_old = (int((at - self._keep).timestamp() * 1000), 0)
        if not state.groups:
            return too_old
        return min(state.horizon, max(too_old, self._too_many(state)))

    def _too_many(self, state: State) -> EntryId:
        slowest = min(state.groups.values(), key=lambda position: position.horizon)
        if slowest.read is None or slowest.lag is None:
            return START
        if self._samples and slowest.read < self._samples[-1][0]:
            self._samples.clear()  # another stream by the same name
        if not self._samples or self._samples[-1][0] < slowest.read:
            self._samples.append((slowest.read, slowest.horizon))
        surplus = slowest.read + slowest.lag - self._keep_entries
        cut = START
        while self._samples and self._samples[0][0] <= surplus:
            cut = self._samples[0][1]
            if len(self._samples) == 1 or self._samples[1][0] > surplus:
                break
            self._samples.popleft()
        return cut

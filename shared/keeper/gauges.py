"""Showing what the keeper sees."""

import math
from datetime import datetime

from shared.keeper.ledger import Depth
from shared.keeper.positions import State, age_s
from shared.metrics import GROUP_LAG, GROUP_OLDEST_S, GROUP_PENDING, OUTBOX_OLDEST_S, OUTBOX_UNSENT, STREAM_LENGTH


def show(service: str, stream: str, state: State, at: datetime) -> None:
    """Set the gauges of a stream; of its groups, those of the service itself: each is told once, by its own service."""
    STREAM_LENGTH.labels(stream).set(state.length)
    if position := state.groups.get(service):
        GROUP_LAG.labels(stream, service).set(math.nan if position.lag is None else position.lag)
        GROUP_PENDING.labels(stream, service).set(position.pending)
        GROUP_OLDEST_S.labels(stream, service).set(age_s(position.oldest, at) if position.oldest else 0)


def show_outbox(service: str, depth: Depth, at: datetime) -> None:
    """Set the gauges of an outbox."""
    OUTBOX_UNSENT.labels(service).set(depth.unsent)
    OUTBOX_OLDEST_S.labels(service).set((at - depth.since).total_seconds() if depth.since else 0)

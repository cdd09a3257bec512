"""What became of a batch: told to the log, counted for the metrics."""

from collections.abc import Iterator, Sequence

from shared.bus.batch import Outcome
from shared.bus.entries import Delivery, Unreadable
from shared.log import tell_events
from shared.metrics import BATCH_SIZE, EVENTS_DEAD, EVENTS_HANDLED, EVENTS_REPEATED, EVENTS_RETRIED
from shared.trace import trace_id


def tell_settled(
    group: str, stream: str, read: Sequence[Delivery | Unreadable], outcome: Outcome, took_s: float
) -> None:
    """Count a batch and tell each of its events; `took_s` is how long its transaction took, in seconds."""
    BATCH_SIZE.labels(group).observe(outcome.size())
    EVENTS_HANDLED.labels(group, stream).inc(len(outcome.handled))
    EVENTS_REPEATED.labels(group, stream).inc(len(outcome.repeated))
    EVENTS_DEAD.labels(group, stream).inc(len(outcome.dead))
    EVENTS_RETRIED.labels(group, stream).inc(len(outcome.retry))
    of_batch = {"service": group, "stream": stream, "batch": len(read), "batch_ms": round(took_s * 1000, 1)}
    tell_events("event settled", _lines(of_batch, read, outcome))


def _lines(
    of_batch: dict[str, object], read: Sequence[Delivery | Unreadable], outcome: Outcome
) -> Iterator[dict[str, object]]:
    ends = {entry: word for word in ("handled", "repeated", "dead", "retry") for entry in getattr(outcome, word)}
    for item in read:
        if isinstance(item, Delivery):
            one = item.envelope
            ids = {"id": one.event_id, "entry": one.entry_id, "trace": trace_id(one.traceparent)}
            yield {**of_batch, **ids, "attempt": one.attempts, "outcome": ends.get(one.entry_id, "")}
        else:
            yield {**of_batch, "entry": item.entry_id, "attempt": item.attempts, "outcome": "dead"}

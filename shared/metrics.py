"""Every metric's name, type, labels and meaning, in one place (Prometheus text format, section "naming")."""

from datetime import UTC, datetime

from prometheus_client import Counter, Gauge, Histogram

_LATENCIES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
_ANSWERS_S = (0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5)

EVENTS_HANDLED = Counter("longstop_events_handled", "Events whose effect was committed", ["service", "stream"])
EVENTS_REPEATED = Counter(
    "longstop_events_repeated", "Events dropped because their receipt was there", ["service", "stream"]
)
EVENTS_RETRIED = Counter("longstop_events_retried", "Events left pending after a failure", ["service", "stream"])
EVENTS_DEAD = Counter("longstop_events_dead", "Events that became dead letters", ["service", "stream"])
BATCH_SIZE = Histogram(
    "longstop_batch_size", "Events in one transaction", ["service"], buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
READER_WAITING = Gauge("longstop_reader_waiting", "1 while Redis cannot be read", ["service"])
JOB_FAILURES = Counter("longstop_job_failures", "Runs of a job that raised", ["service", "job"])
REPORTS_TAKEN = Counter("longstop_reports_taken", "Reports made durable", ["door"])
REPORT_TO_VERDICT_S = Histogram(
    "longstop_report_to_verdict_seconds", "From a report's receipt to its verdict", buckets=_LATENCIES_S
)
REPORT_TO_BLOCK_S = Histogram(
    "longstop_report_to_block_seconds",
    "From a report's receipt to the gateway's knowing the entry",
    buckets=_LATENCIES_S,
)
BLOCK_ANSWER_S = Histogram(
    "longstop_block_answer_seconds",
    "From a mail server's question to the answer, by who answers it and at which stage of a mail",
    ["enforcer", "stage"],
    buckets=_ANSWERS_S,
)
HTTP_ANSWER_S = Histogram(
    "longstop_http_answer_seconds",
    "From a request to the first byte of its answer",
    ["service", "route"],
    buckets=_ANSWERS_S,
)
GATEWAY_ENFORCES = Gauge(
    "longstop_gateway_enforces",
    "1 while a gateway refuses the probe mail with its entry's id, 0 while it lets it pass",
    ["gateway"],
)
GATEWAY_MENDED = Counter(
    "longstop_gateway_mended",
    "Fields of the gateway's hash that did not say what the entries say, and were written again",
)
REPORTS_REFUSED = Counter("longstop_reports_refused", "Reports refused at a door", ["door"])
PORTAL_REFUSED = Counter(
    "longstop_portal_refused", "Links, buttons and posts that people's pages did not accept", ["why"]
)
PORTAL_ASKED = Counter("longstop_portal_asked", "What recipients asked for on their pages", ["act"])
EVENTS_PUBLISHED = Counter("longstop_events_published", "Events that became stream entries", ["service"])
EVENTS_VANISHED = Counter(
    "longstop_events_vanished", "Entries that were deleted before their reader had handled them", ["service", "stream"]
)
READER_HALTED = Gauge(
    "longstop_reader_halted",
    "1 while a reader stands still because too many events in a row died",
    ["service", "stream"],
)
OUTBOX_WAITING = Gauge("longstop_outbox_waiting", "1 while the outbox cannot be published", ["service"])
STREAM_LENGTH = Gauge("longstop_stream_length", "Entries in a stream", ["stream"])
GROUP_LAG = Gauge("longstop_group_lag", "Entries that a group has not read yet", ["stream", "group"])
GROUP_PENDING = Gauge("longstop_group_pending", "Entries read and not acknowledged", ["stream", "group"])
GROUP_OLDEST_S = Gauge(
    "longstop_group_oldest_pending_seconds",
    "Age of the oldest entry that is read and not acknowledged",
    ["stream", "group"],
)
OUTBOX_UNSENT = Gauge("longstop_outbox_unsent", "Events that are committed and not published yet", ["service"])
OUTBOX_OLDEST_S = Gauge(
    "longstop_outbox_oldest_seconds", "Age of the oldest event that is not published yet", ["service"]
)
PUBLISHED_AGAIN = Counter(
    "longstop_events_published_again", "Events whose entry had gone before every reader had it", ["service"]
)


def observe_since(histogram: Histogram, moment: datetime | None) -> None:
    """Count the time since `moment`, when it is known."""
    if moment:
        histogram.observe(max(0.0, (datetime.now(UTC) - moment).total_seconds()))

"""Every metric's name, type, labels and meaning, in one place (Prometheus text format, section "naming")."""

from prometheus_client import Counter, Gauge, Histogram

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
REPORTS_REFUSED = Counter("longstop_reports_refused", "Reports refused at a door", ["door"])

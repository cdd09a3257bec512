"""Trace context as it travels with events: the field `traceparent` (W3C Trace Context, section 3.2).

Every event gets a span of its own under the trace of the event that caused it, so that one report can be followed
through all services by one id, with or without a tracing system.
"""

import random
import re

_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

_random = random.SystemRandom()


def follow(traceparent: str) -> str:
    """A new span in the trace of `traceparent`; in a new trace when that is none."""
    found = _FORM.fullmatch(traceparent)
    trace_id, flags = (found[1], found[2]) if found else (f"{_random.getrandbits(128) or 1:032x}", "01")
    return f"00-{trace_id}-{_random.getrandbits(64) or 1:016x}-{flags}"


def trace_id(traceparent: str) -> str:
    """The trace's id, or nothing."""
    found = _FORM.fullmatch(traceparent)
    return found[1] if found else ""

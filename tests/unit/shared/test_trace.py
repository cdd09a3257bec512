"""Trace context: one trace for a report's whole way, a span of its own for each event."""

import pytest

from shared.trace import follow, trace_id

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_an_event_follows_the_one_that_caused_it() -> None:
    child = follow(PARENT)
    assert child != PARENT
    assert trace_id(child) == trace_id(PARENT) == "0af7651916cd43dd8448eb211c80319c"
    assert child.endswith("-01")


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "nonsense",
        PARENT.upper(),
        PARENT + "\n",
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        "x" * 9000,
    ],
)
def test_what_is_no_trace_context_begins_a_new_trace(foreign: str) -> None:
    made = follow(foreign)
    assert len(made) == len(PARENT)
    assert trace_id(made)
    assert trace_id(made) != trace_id(PARENT)
    assert trace_id(foreign) == ""

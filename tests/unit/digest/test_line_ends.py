"""A released mail's line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.digest.releasing.reinject import with_crlf


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (b"A: 1\r\nB: 2\r\n\r\n.x\r\n", b"A: 1\r\nB: 2\r\n\r\n.x\r\n"),
        (b"A: 1\nB: 2\n\nx\n", b"A: 1\r\nB: 2\r\n\r\nx\r\n"),
        (b"A: 1\r\r\nB: 2\r\r\n\r\r\nx", b"A: 1\r\nB: 2\r\n\r\nx"),
        (b"a\r\rb\r", b"a\r\n\r\nb\r\n"),
    ],
    ids=["right already", "of Unix", "CR CR LF", "CR alone"],
)
def test_line_ends_become_crlf_without_ending_the_header_early(stored: bytes, sent: bytes) -> None:
    assert with_crlf(stored) == sent


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a"])).map(b"".join))
def test_nothing_else_is_touched_and_what_was_sent_is_stored_the_same(raw: bytes) -> None:
    once = with_crlf(raw)
    assert with_crlf(once) == once
    assert once.replace(b"\r\n", b"").replace(b"a", b"") == b""
    assert once.count(b"a") == raw.count(b"a")

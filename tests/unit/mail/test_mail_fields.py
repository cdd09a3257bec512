"""Header blocks: lenient as mail clients are, bounded, and the body is never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.fields import Block, read_block

pytestmark = pytest.mark.timeout(20)


def read(raw: bytes, *, max_bytes: int = limits.HEADER_BLOCK_MAX_BYTES) -> tuple[Block, bytes, tuple[str, ...]]:
    defects = Defects()
    block = read_block(raw, 0, len(raw), max_bytes=max_bytes, defects=defects)
    return block, raw[block.body_start :], defects.words()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_every_line_end_divides_fields_and_body(end: bytes) -> None:
    block, body, defects = read(end.join([b"A: 1", b"B:2", b"", b"body", b""]))
    assert [(field.name, field.value) for field in block.fields] == [("a", "1"), ("b", "2")]
    assert body == b"body" + end
    assert defects == ()


def test_folded_values_are_unfolded() -> None:
    block, _, _ = read(b"Subject: one\r\n two\r\n\tthree\r\n\r\n")
    assert block.first("subject") == "one two\tthree"


def test_fields_keep_their_order_and_repeats() -> None:
    block, _, _ = read(b"Received: 2\nReceived: 1\n\n")
    assert [field.value for field in block.fields] == ["2", "1"]
    assert block.first("received") == "2"
    assert block.first("missing") == ""


def test_a_blank_first_line_means_no_header() -> None:
    assert read(b"\r\nbody")[:2] == (Block((), 2), b"body")


def test_a_header_without_body_is_whole() -> None:
    block, body, _ = read(b"A: 1\nB: 2")
    assert (len(block.fields), body) == (2, b"")


def test_a_body_without_blank_line_is_found() -> None:
    block, body, defects = read(b"Subject: x\nThis is text\nand more text\n")
    assert block.first("subject") == "x"
    assert body == b"This is text\nand more text\n"
    assert defects == ("no-blank-line",)


def test_a_delimiter_without_blank_line_begins_the_body() -> None:
    _, body, _ = read(b"Content-Type: multipart/mixed; boundary=b\n--b\nContent-Type: text/plain\n\nhello\n--b--\n")
    assert body.startswith(b"--b\n")


def test_a_broken_line_between_fields_is_skipped() -> None:
    block, body, defects = read(b"A: 1\nbroken line\nB: 2\n\nbody")
    assert [field.name for field in block.fields] == ["a", "b"]
    assert (body, defects) == (b"body", ("bad-header-line",))


def test_a_link_in_the_first_lines_is_no_field() -> None:
    block, body, _ = read(b"words\nhttp://evil.example/\n")
    assert block.fields == ()
    assert body == b"words\nhttp://evil.example/\n"


def test_the_separator_of_a_mailbox_file_is_skipped() -> None:
    block, _, defects = read(b"From ana@example.org Mon Nov 23 09:00:00 2026\nSubject: x\n\n")
    assert (block.first("subject"), defects) == ("x", ("mbox-line",))


@pytest.mark.parametrize(("raw", "value"), [("ü".encode(), "ü"), (b"\xfc", "ü")])
def test_bytes_above_127_are_read_and_told(raw: bytes, value: str) -> None:
    block, _, defects = read(b"Subject: " + raw + b"\n\n")
    assert (block.first("subject"), defects) == (value, ("raw-8bit-header",))


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"A: " + b"x" * 20_000 + b"\n\nbody", "header-too-long"),
        (b"A: x\n" + b" y\n" * 20_000 + b"\nbody", "too-many-headers"),
        (b"A: x\n" * 2_000 + b"\nbody", "too-many-headers"),
        (b"A: " + b"x" * 500_000 + b"\nB: y\n\nbody", "header-block-too-long"),
        (b"A" * 500_000 + b": x\n\nbody", "header-block-too-long"),
    ],
)
def test_a_block_beyond_a_limit_is_told_and_cut(raw: bytes, defect: str) -> None:
    block, _, defects = read(raw)
    assert defect in defects
    assert len(block.fields) <= limits.HEADER_FIELDS_MAX
    assert all(len(field.value) <= limits.FIELD_VALUE_MAX for field in block.fields)


def test_the_body_behind_a_long_header_is_not_lost() -> None:
    assert read(b"A: " + b"x" * 500_000 + b"\nB: y\n\nbody")[1] == b"body"


@given(st.binary(max_size=500))
def test_any_bytes_divide_into_fields_and_body(raw: bytes) -> None:
    block, body, _ = read(raw)
    assert 0 <= block.body_start <= len(raw)
    assert raw.endswith(body)
    assert all(field.name == field.name.lower() for field in block.fields)

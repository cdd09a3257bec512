"""Encoded words and clean text: what people read is what was meant, and nothing that ends a line or a string."""

import unicodedata
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.charsets import decode
from shared.mail.words import decode_words, many_lines, normal, one_line

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?utf-8?b?w7w=?=", "ü"),
        ("=?UTF-8?Q?a_b?= c", "a b c"),
        ("a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"),
        ("=?utf-8?q?b?=\r\n =?utf-8?q?c?=", "bc"),
        ("x=?utf-8?q?touching?=y", "xtouchingy"),
        ("=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=BC?=", "üü"),
        ("=?utf-8?b?w7w?=", "ü"),  # forgotten padding
        ("=?utf-8?q?with spaces?=", "with spaces"),
        ("=?no-such-charset?q?abc?=", "abc"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
    ],
)
def test_encoded_words_are_read_as_meant(value: str, text: str) -> None:
    assert decode_words(value) == text


def test_a_character_split_between_two_words_is_joined() -> None:
    assert decode_words("=?utf-8?b?w4Q=?= =?utf-8?b?w5Y=?= =?utf-8?q?=C3?= =?utf-8?q?=9C?=") == "ÄÖÜ"


@pytest.mark.parametrize("encoding", ["q", "b"])
def test_a_word_of_any_length_is_read_as_clients_read_it(encoding: str) -> None:
    text = "Your mailbox is full " * 500
    coded = "".join(f"={byte:02X}" for byte in text.encode()) if encoding == "q" else b64encode(text.encode()).decode()
    assert decode_words(f"=?utf-8?{encoding}?{coded}?=") == text


def test_one_bad_byte_spoils_only_itself() -> None:
    assert decode("grüß".encode() + b"\xff", "utf-8") == ("grüß\ufffd", False)


def test_an_encoded_line_end_never_survives() -> None:
    assert one_line(decode_words("=?utf-8?q?x=0D=0ABcc:_evil@evil.example?="), 100) == "x Bcc: evil@evil.example"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a \t b\r\n c ", "a b c"),
        ("a\0b\x1bc\x7fd\x85e", "abcde"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("one\u2028two\u2029three", "one two three"),
        ("e\u0301", "é"),
        ("zero\u200bwidth stays", "zero\u200bwidth stays"),  # analysis counts them
    ],
)
def test_a_line_is_one_clean_line(text: str, line: str) -> None:
    assert one_line(text, 100).replace("  ", " ") == line


@given(st.text(max_size=200), st.integers(0, 50))
def test_a_line_never_ends_a_line_and_keeps_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert "\0" not in line
    line.encode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r\r\n", "\r", "\u2028", "\u2029"])
def test_every_line_end_becomes_one(line_end: str) -> None:
    assert many_lines(f"a{line_end}b{line_end}{line_end}c", 100) == "a\nb\n\nc"


@given(st.text(max_size=300))
def test_bodies_hold_no_control_characters(text: str) -> None:
    body = many_lines(text, 1_000)
    assert not [char for char in body if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t"]


@given(st.text(max_size=300))
def test_normal_text_is_what_the_library_makes_of_it(text: str) -> None:
    assert normal(text) == unicodedata.normalize("NFC", text)


def test_thousands_of_words_are_read() -> None:
    assert decode_words("=?utf-8?q?a?= " * 8_000).strip() == "a" * 8_000
    assert decode_words("=?" * 40_000) == "=?" * 40_000

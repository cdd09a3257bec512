"""Charsets, true or not: there is always text, and a lie is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.charsets import decode

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"plain", "", "plain"),
        ("ü".encode(), "", "ü"),
        (b"\xfc", "", "ü"),
        ("ü".encode(), "utf-8", "ü"),
        (b"\xfc", "iso-8859-1", "ü"),
        (b"\x93quoted\x94", "iso-8859-1", "\u201cquoted\u201d"),  # what browsers show
        (b"\xfe", "ISO-8859-9", "ş"),
        ("文".encode("gb18030"), "gb2312", "文"),
        ("한".encode("cp949"), "ks_c_5601-1987", "한"),
        ("テ".encode("cp932"), "shift_jis", "テ"),
        ("テ".encode("iso-2022-jp"), "iso-2022-jp", "テ"),
        ("ü".encode("utf-16"), "utf-16", "ü"),
        ("ü".encode(), '"utf-8"', "ü"),
        ("ü".encode(), " UTF8 ", "ü"),
    ],
)
def test_a_true_charset_is_read(data: bytes, charset: str, text: str) -> None:
    assert decode(data, charset) == (text, True)


@pytest.mark.parametrize("charset", ["zz", "x-unknown", "utf-8; boundary", "../../etc", "os.path", "a" * 5_000, "\0"])
def test_an_unknown_charset_is_a_lie_that_is_read_anyway(charset: str) -> None:
    assert decode("grün".encode(), charset) == ("grün", False)


@pytest.mark.parametrize(
    "charset", ["zip", "base64", "rot13", "hex", "punycode", "idna", "unicode_escape", "undefined"]
)
def test_codecs_that_are_no_charsets_are_refused(charset: str) -> None:
    assert decode(b"\\x41-b", charset) == ("\\x41-b", False)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"gr\xfcn", "utf-8", "grün"),
        ("grün".encode(), "us-ascii", "grün"),
        ("grün".encode(), "iso-8859-1", "grün"),
    ],
)
def test_a_known_but_untrue_charset_is_told(data: bytes, charset: str, text: str) -> None:
    assert decode(data, charset) == (text, False)


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "utf-7", "utf-16", "hz", "iso-2022-kr", "gb2312", "big5", "koi8-r", "zz"]),
)
def test_any_bytes_become_text(data: bytes, charset: str) -> None:
    text, _ = decode(data, charset)
    assert isinstance(text, str)


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "hz", "iso-2022-jp", "utf-16"])
def test_a_megabyte_under_any_charset_is_read(charset: str) -> None:
    for data in (b"a-b" * 300_000, b"+2AA-" * 200_000, b"~{" * 500_000, b"\x1b$B" * 300_000, b"\xff" * 1_000_000):
        assert len(decode(data, charset)[0]) <= len(data)

"""Mail of ours: a stranger's tricks are shown as what they are, and no text becomes a header."""

import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.outgoing import Image, as_read, compose, hides, mixes_scripts, names_other_address, reveal

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CYRILLIC_A = "\u0430"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invoice \u202efdp.exe", "Invoice [U+202E]fdp.exe"),
        ("Pay\u200bPal", "Pay[U+200B]Pal"),
        ("Sale" + "\u034f\u00ad" * 2 + "\u00ad" * 9, "Sale[U+034F][U+00AD][U+034F][U+00AD \u00d710]"),
        ("a\r\nBcc: b", "a Bcc: b"),
        ("=?utf-8?q?x?=", "= ?utf-8?q?x?="),
        ("\x1b[31mred", "[U+001B][31mred"),
        ("\u3164", "[U+3164]"),
        ("Za" + "\u0301" * 40 + "lgo", "Za" + "\u0301" * 4 + "lgo"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f468\u200d\U0001f4bb", "\U0001f468\u200d\U0001f4bb"),
        ("\u0e01\u0e33\u0e48", "\u0e01\u0e33\u0e48"),
    ],
)
def test_what_is_hidden_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert reveal(text) == shown
    assert hides(text) is ("[U+" in shown)


@given(some.text(max_size=600))
def test_nothing_invisible_and_no_second_line_is_left(text: str) -> None:
    shown = reveal(text)
    assert len(shown) <= 200
    assert "=?" not in shown
    left = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert left <= {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        (f"P{CYRILLIC_A}yPal", True),
        ("\u03bficrosoft", True),
        ("Сбербанк Online", False),
        ("10\u00b5m, n\u00ba 5", False),
        ("株式会社ABCサービス", False),
        ("Müller & Søn", False),
    ],
)
def test_a_word_of_letters_that_look_alike_is_noticed(text: str, *, mixed: bool) -> None:
    assert mixes_scripts(text) is mixed


def test_a_domain_is_read_as_it_looks_and_only_where_it_differs() -> None:
    assert as_read("xn--pypal-4ve.com") == f"p{CYRILLIC_A}ypal.com"
    assert as_read("paypal.com") == ""
    assert as_read("xn--zzzzzz-.com") == "xn--zzzzzz-.com"
    assert as_read("xn--" + "a" * 300) == ""


def test_a_name_that_shows_another_address_is_noticed() -> None:
    assert names_other_address("service@paypal.com", "x@evil.example")
    assert not names_other_address("Ana@Example.org", "ana@example.org")
    assert not names_other_address("Ana @ work", "ana@example.org")


def letter(**more: str) -> bytes:
    return compose(
        mail_from="L <l@example.org>",
        to="a@example.org",
        subject="s",
        text="t",
        html='<p><img src="cid:logo"></p>',
        message_id="1@longstop",
        at=AT,
        more={name.replace("_", "-"): value for name, value in more.items()},
        image=Image("logo", "png", b"\x89PNG"),
    )


def test_a_picture_stands_beside_the_html_that_shows_it() -> None:
    mail = message_from_bytes(letter(), policy=policy.default)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    picture = list(mail.walk())[-1]
    assert picture["content-id"] == "<logo>"
    assert picture.get_content_disposition() == "inline"


def test_a_long_link_stands_on_one_line_of_the_header() -> None:
    link = f"<https://mail.example.org/unsubscribe/{'x' * 700}>"
    raw = letter(List_Unsubscribe=link, List_Unsubscribe_Post="List-Unsubscribe=One-Click")
    assert f"List-Unsubscribe: {link}\r\n".encode() in raw
    assert message_from_bytes(raw)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "more",
    [
        {"Bcc": "evil@x.example"},
        {"List_Id": "<a>\r\nBcc: evil@x.example"},
        {"List_Unsubscribe": "<https://é.example/>"},
        {"List_Unsubscribe": "x" * 1000},
    ],
)
def test_no_other_header_and_no_other_value_is_written(more: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no header that a mail of ours may have so"):
        letter(**more)

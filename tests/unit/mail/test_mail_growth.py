"""Twice the attack takes about twice the time: every construct of a mail at a size at which a quadratic reader shows.

Times are compared with each other and never with a clock's number, so a slow machine decides nothing.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from shared.mail import facts, read_mail, read_report_mail
from shared.mail.addresses import read_addresses
from shared.mail.authentication import read_authentication
from shared.mail.charsets import decode
from shared.mail.defects import Defects
from shared.mail.fields import Field
from shared.mail.forwards import inline_forward
from shared.mail.links import urls_in
from shared.mail.markup import read_page
from shared.mail.parameters import parameters
from shared.mail.structure import scan
from shared.mail.words import decode_words, many_lines

pytestmark = pytest.mark.timeout(120)

FAST_S = 0.005  # what is read faster than this at full size has nothing to grow
GROWTH_MAX = 3.2  # linear is 2, quadratic 4
HEAD = b"From: a@b.example\r\n"
Attack = TypeVar("Attack", str, bytes)
OWN = frozenset({"mx.example"})


def seconds(read: Callable[[Attack], object], attack: Attack) -> float:
    start = time.process_time()
    read(attack)
    return time.process_time() - start


def grows_linearly(read: Callable[[Attack], object], make: Callable[[int], Attack], size: int) -> bool:
    """Whether the least times of up to six rounds grow as the size does; noise only ever adds to a time."""
    small, large = make(size // 2), make(size)
    least_small = least_large = float("inf")
    for _ in range(6):
        least_small = min(least_small, seconds(read, small))
        least_large = min(least_large, seconds(read, large))
        if least_large < FAST_S or least_large < GROWTH_MAX * least_small:
            return True
    return False


def text_of(value: str) -> bytes:
    return HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + value.encode()


def repeated(piece: str, head: str = "", tail: str = "") -> Callable[[int], str]:
    return lambda size: head + piece * (size // len(piece)) + tail


def authenticated(value: str) -> object:
    return read_authentication([Field("authentication-results", value)] * 2, OWN)


READERS: dict[str, tuple[Callable[[str], object], int, dict[str, tuple[str, str, str]]]] = {
    "parameters": (
        parameters,
        80_000,
        {
            "spaces": (" ", "text/plain;", "x"),
            "names": (" a", "x/y;", ""),
            "long names": (" " + "a" * 60, "x/y;", ""),
            "open quote": ('\\"', 'x/y; a="', ""),
            "open quotes": ('; a="\\', "x/y", ""),
            "continuations": ("; a*0*=%41", "x/y", ""),
        },
    ),
    "authentication": (
        authenticated,
        80_000,
        {
            "open quotes": ('"\\', "mx.example; ", ""),
            "escaped quotes": ('\\"', "mx.example; ", ""),
            "comments": ("(", "mx.example; ", ""),
            "results": ("spf=pass;", "mx.example; ", ""),
            "spaces": (" ", "mx.example; spf", "x"),
        },
    ),
    "addresses": (
        lambda value: read_addresses(value, max_chars=len(value)),
        80_000,
        {
            "groups": (":", "", ";"),
            "groups without end": (":", "", ""),
            "open quotes": ('"\\', "", ""),
            "comments": ("(a", "", ""),
            "brackets": ("<", "", ""),
            "commas": (",", "", ""),
        },
    ),
    "encoded words": (
        decode_words,
        200_000,
        {
            "open": ("=?u?q?", "", ""),
            "started": ("=?", "", ""),
            "long": ("=?" + "a" * 64, "", ""),
            "apart": ("=?utf-8?q?a?= ", "", ""),
        },
    ),
    "bodies": (
        lambda value: many_lines(value, len(value)),
        300_000,
        {
            "marks in disorder": ("\u0316\u0300", "a", ""),
            "marks": ("\u0300", "a", ""),
            "line ends": ("\r\r\n", "", ""),
            "controls": ("\x01a", "", ""),
        },
    ),
    "forwards": (
        inline_forward,
        800_000,
        {
            "blank lines": ("\n", "-- forwarded message --\n", "x"),
            "beginnings": ("--forwarded message--\n", "", ""),
            "rules with fields": ("_" * 20 + "\n" + "an: a\n" * 10, "", ""),
            "rules with wrapped fields": ("_" * 20 + "\nto:\n" + "a\na\nto:a\n" * 6, "", ""),
        },
    ),
    "links": (
        lambda value: list(urls_in(value)),
        300_000,
        {
            "parentheses": (")", "http://a/", ""),
            "schemes": ("http:/", "", ""),
            "www": ("www.", "", ""),
            "long labels": ("www." + "a" * 64 + " ", "", ""),
        },
    ),
    "markup": (
        read_page,
        400_000,
        {
            "comments": ("<!--", "", ""),
            "declarations": ("<!", "", ""),
            "open quotes": ('<a b="', "", ""),
            "other quotes": ("<a b='\"", "", ""),
            "spaces": (" ", "<form a", ">"),
            "equals": ("=", "<form ", ">"),
            "scripts": ("<script>", "", ""),
            "script ends": ("</script", "<script>", ""),
            "all raw elements": ("<script><style><title><textarea><xmp><iframe>", "", ""),
            "ampersands": ("&", "", ""),
            "references": ("&#0", "", ""),
            "digits": ("1", "&#", ""),
            "hidden": ("<div hidden>", "", ""),
            "anchors": (" <b>", "<a href=x>", ""),
            "conditional links": ("href=", "<!--[if", "-->"),
        },
    ),
}


@pytest.mark.parametrize(
    ("reader", "attack"), [(one, two) for one, (_, _, attacks) in READERS.items() for two in attacks]
)
def test_a_reader_is_linear(reader: str, attack: str) -> None:
    read, size, attacks = READERS[reader]
    piece, head, tail = attacks[attack]
    assert grows_linearly(read, repeated(piece, head, tail), size)


@pytest.mark.parametrize("charset", ["utf-7", "utf-8", "gb18030", "iso-2022-jp", "iso-8859-7", "hz", "utf-16", "big5"])
@pytest.mark.parametrize("piece", [b"\xff", b"\x80", b"+AA-", b"\x1b$B", b"~{", b"\x81\x30"])
def test_a_charset_is_linear(charset: str, piece: bytes) -> None:
    assert grows_linearly(lambda data: decode(data, charset), lambda size: piece * size, 100_000)


MAILS: dict[str, Callable[[int], bytes]] = {
    "repeated URLs": lambda size: text_of("http://a " * (size // 9)),
    "hosts that are none": lambda size: text_of("".join(f"http://[{n} " for n in range(size // 12))),
    "forward": lambda size: text_of("-- forwarded message --\r\n" + "\r\n" * (size // 2) + "x"),
    "delimiters that are none": lambda size: HEAD + b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--bx\r\n" * (size // 6),
    "header lines": lambda size: HEAD + b" x\r\n" * (size // 4) + b"\r\nx",
    "line ends": lambda size: HEAD + b"\r\n" + b"\r" * size,
}  # fmt: skip


@pytest.mark.parametrize("attack", MAILS)
def test_a_mail_is_read_in_linear_time(attack: str) -> None:
    assert grows_linearly(lambda raw: facts(read_mail(raw)), MAILS[attack], 400_000)
    assert grows_linearly(read_report_mail, MAILS[attack], 400_000)


def test_nesting_costs_no_search_of_the_mail_at_each_level() -> None:
    """Multiparts without blank lines once had each of them searched to the end; with blank lines it was always found."""

    def nested(blank: bytes) -> bytes:
        levels = (b"Content-Type: multipart/x; boundary=b%d\r\n%s--b%d\r\n" % (n, blank, n) for n in range(39))
        return HEAD + b"".join(levels) + b"xx\r\n" * 300_000

    with_blanks, without = nested(b"\r\n"), nested(b"")
    rounds = [(seconds(scanned, without), seconds(scanned, with_blanks)) for _ in range(4)]
    assert min(one for one, _ in rounds) < 2.5 * min(other for _, other in rounds)


def scanned(raw: bytes) -> object:
    return scan(raw, Defects())

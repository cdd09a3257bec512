"""Hosts in one spelling and the part of them that somebody registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail import registrable
from shared.mail.domains import ascii_host, is_address

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    ("host", "spelled"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("\uff45\uff58\uff41mple\u3002com", "example.com"),
        ("ex\u00adam\u200bple.com", "example.com"),
        ("\u0440\u0430ypal.example", "xn--ypal-43d9g.example"),
        ("i\u2764.example", "xn--i-7iq.example"),
        ("my_host.example", "my_host.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("3221225985", "192.0.2.1"),
        ("0xC0.0.2.1", "192.0.2.1"),
        ("0300.0.02.01", "192.0.2.1"),
        ("192.513", "192.0.2.1"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("[::ffff:192.0.2.1]", "192.0.2.1"),
    ],
)
def test_one_host_has_one_spelling(host: str, spelled: str) -> None:
    assert ascii_host(host) == spelled
    assert ascii_host(spelled) == spelled


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a..b",
        "a b",
        "a/b",
        "256.0.0.1",
        "1.2.3.4.5",
        "08.1",
        "[::1",
        "[fe80::a",
        "[fe80::1%eth0]",
        "[x]",
        "a" * 64 + ".example",
        "a." * 200,
        "exa$mple",
        "\0",
        "ü" * 300,
        "1e9.0x",
    ],
)
def test_what_no_browser_would_ask_is_no_host(host: str) -> None:
    assert not ascii_host(host)


@given(st.text(max_size=260))
def test_the_spelling_of_any_host_stays(host: str) -> None:
    once = ascii_host(host)
    assert ascii_host(once) == once
    assert once.isascii()
    assert "/" not in once
    assert " " not in once


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.1", True), ("[::1]", True), ("example.com", False), ("1.example", False)]
)
def test_addresses_are_told_from_names(host: str, *, said: bool) -> None:
    assert is_address(host) is said


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("example.com", "example.com"),
        ("a.b.Example.co.uk", "example.co.uk"),
        ("name.github.io", "name.github.io"),
        ("www.bücher.example", "xn--bcher-kva.example"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("[::1]", "[::1]"),
        ("", ""),
        ("not a domain", ""),
    ],
)
def test_the_registered_part_is_found(domain: str, owner: str) -> None:
    assert registrable(domain) == owner


@given(st.text(max_size=80))
def test_the_registered_part_is_its_own(domain: str) -> None:
    assert registrable(registrable(domain)) == registrable(domain)

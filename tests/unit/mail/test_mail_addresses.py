"""Addresses as mail clients read them; what is no address is a name, never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail import Address, limits
from shared.mail.addresses import first_address, parse_address, read_addresses

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("kim@example.org", "", "kim@example.org"),
        ("<kim@example.org>", "", "kim@example.org"),
        ("Kim <kim@example.org>", "Kim", "kim@example.org"),
        ('"Löf, Kim" <kim@example.org>', "Löf, Kim", "kim@example.org"),
        ('"a \\"b\\" c" <kim@example.org>', 'a "b" c', "kim@example.org"),
        ("Kim\\, L <kim@example.org>", "Kim, L", "kim@example.org"),
        ("kim@example.org (Kim (at work) L)", "Kim at work L", "kim@example.org"),
        ("=?utf-8?b?w5ZsYWY=?= <kim@example.org>", "Ölaf", "kim@example.org"),
        ("'kim@example.org' <evil@evil.example>", "kim@example.org", "evil@evil.example"),
        ("Bank: Service <kim@example.org>", "Bank: Service", "kim@example.org"),
        (",_<kim@example.org>", "_", "kim@example.org"),
        ("<<kim@example.org>>", "", "kim@example.org"),
        ("Kim <kim@example.org", "Kim", "kim@example.org"),
        ('"kim l"@example.org', "", '"kim l"@example.org'),
        ("Kim@EXAMPLE.org.", "", "Kim@example.org"),
        ("Kim <kim@bücher.example>", "Kim", "kim@xn--bcher-kva.example"),
        ("kim@[192.0.2.1]", "", "kim@[192.0.2.1]"),
        ("team: kim@example.org, x@example.net;", "", "kim@example.org"),
        ("microsoft", "microsoft", ""),
        ("kim@", "kim@", ""),
        ("Kim <>", "Kim", ""),
        ("a@b@c.example", "a@b@c.example", ""),
        ("=?utf-8?q?kim=40example.org?=", "kim@example.org", ""),
        ("undisclosed-recipients:;", "", ""),
        ("", "", ""),
    ],
)
def test_a_mailbox_is_read_as_people_see_it(value: str, name: str, address: str) -> None:
    found = first_address(value)
    assert (found.name, found.address) == (name, address)


def test_several_mailboxes_come_in_order() -> None:
    found = read_addresses('A <a@x.example>, "B, C" <b@y.example>; d@z.example')
    assert [one.address for one in found] == ["a@x.example", "b@y.example", "d@z.example"]
    assert [one.domain for one in found] == ["x.example", "y.example", "z.example"]


def test_the_first_usable_address_counts() -> None:
    assert first_address("Nobody, Kim <kim@example.org>").address == "kim@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "@",
        "a@",
        "@b",
        "a b@c",
        "a@b c",
        "a\n@b.example",
        "\x1b@b.example",
        "a\u200b@b.example",
        "a@b..c",
        "a" * 65 + "@b",
    ],
)
def test_what_is_no_address_has_none(text: str) -> None:
    assert parse_address(text) == Address()


@given(st.text(alphabet='ab@.<>()",;:\\ []\u00fc\n\0=?', max_size=200))
def test_any_value_is_read(value: str) -> None:
    for one in read_addresses(value):
        assert one.name.isprintable() or not one.name.isascii()
        assert len(one.name) <= limits.NAME_MAX
        assert len(one.address) <= limits.ADDRESS_MAX
        assert one.address == "" or "@" in one.address


@pytest.mark.parametrize("piece", ["(", '"', "<", '"\\', "a@b.example, ", ":", ";", "\\", "(a)", "<>", "a@["])
def test_endless_fields_are_bounded(piece: str) -> None:
    value = piece * (200_000 // len(piece))
    assert len(read_addresses(value, max_chars=len(value))) <= limits.ADDRESSES_MAX

"""Zones for name servers: read by a real parser, they answer for what entries name and for nothing else."""

import ipaddress
from datetime import UTC, datetime

import dns.exception
import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.rules.forms import canonical
from services.blocklist.rules.zones import Named, ZoneName, zone
from shared.events.vocabulary import BlockAction, BlockKind

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def made(name: ZoneName, *entries: tuple[BlockKind, str, BlockAction]) -> dns.zone.Zone:
    found = [Named(f"b-{action}", canonical(kind=kind, value=value), action) for kind, value, action in entries]
    text = "".join(f"{line}\n" for line in zone(name, found, changed_at=AT))
    return dns.zone.from_text(text, origin=f"{name}.example.org", check_origin=True)


def answer(where: dns.zone.Zone, name: str, kind: str = "A") -> str:
    """What a name server says: the name itself, else the wildcard below the closest name that exists (RFC 4592, section 3.3.1).

    A name exists that has records, or another below it.
    """
    records = {str(one) for one in where.nodes}
    exist = records | {
        ".".join(labels[at:]) for labels in (one.split(".") for one in records) for at in range(1, len(labels))
    }
    if name in exist:
        return _said(where, name, kind)
    labels = name.split(".")
    closest = next((above for at in range(1, len(labels)) if (above := ".".join(labels[at:])) in exist), "")
    return _said(where, f"*.{closest}", kind) if f"*.{closest}" in records else ""


def _said(where: dns.zone.Zone, name: str, kind: str) -> str:
    found = where.get_rdataset(dns.name.from_text(name, None), kind)
    return str(found[0]) if found else ""


def reverse(address: str) -> str:
    pointer = ipaddress.ip_address(address).reverse_pointer
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def test_a_blocked_host_and_what_is_below_it_has_no_address_and_an_allowed_one_passes() -> None:
    rpz = made(
        "rpz",
        ("url", "evil.example", "block"),
        ("url", "good.evil.example", "allow"),
        ("url", "evil.example/page", "block"),
        ("url", "203.0.113.7", "block"),
        ("url", "[2001:db8::5]", "block"),
    )
    assert answer(rpz, "evil.example", "CNAME") == answer(rpz, "a.b.evil.example", "CNAME") == "."
    assert answer(rpz, "good.evil.example", "CNAME") == answer(rpz, "x.good.evil.example", "CNAME") == "rpz-passthru."
    assert answer(rpz, "xevil.example", "CNAME") == ""
    assert answer(rpz, "32.7.113.0.203.rpz-ip", "CNAME") == "."
    assert answer(rpz, "128.5.0.0.0.0.0.db8.2001.rpz-ip", "CNAME") == "."


def test_a_blocked_domain_is_listed_with_its_subdomains_and_says_which_entry() -> None:
    domains = made("dnsbl-domain", ("domain", "evil.example", "block"), ("domain", "good.evil.example", "allow"))
    assert answer(domains, "evil.example") == answer(domains, "mail.evil.example") == "127.0.0.2"
    assert answer(domains, "evil.example", "TXT") == '"blocked by mail policy, entry b-block"'
    assert answer(domains, "good.evil.example") == answer(domains, "other.example") == ""


@pytest.mark.parametrize("prefix", range(24, 33))
@given(first=st.integers(0, 255), asked=st.integers(0, 255))
def test_every_network_lists_exactly_its_addresses(prefix: int, first: int, asked: int) -> None:
    listed = made("dnsbl-ip", ("ip", f"198.51.100.{first}/{prefix}", "block"))
    network = ipaddress.ip_network(f"198.51.100.{first}/{prefix}", strict=False)
    address = f"198.51.100.{asked}"
    assert bool(answer(listed, reverse(address))) is (ipaddress.ip_address(address) in network)
    assert answer(listed, reverse(f"198.51.101.{asked}")) == ""


@given(
    prefix=st.integers(48, 128),
    bits=st.integers(0, 2**80 - 1),
    asked=st.integers(0, 2**80 - 1),
    near=st.integers(0, 80),
)
def test_every_ipv6_network_lists_exactly_its_addresses(prefix: int, bits: int, asked: int, near: int) -> None:
    base = int(ipaddress.ip_address("2001:db8:1::")) | bits
    network = ipaddress.ip_network((base, prefix), strict=False)
    listed = made("dnsbl-ip", ("ip", str(network), "block"))
    for address in (
        ipaddress.ip_address(base ^ (1 << min(near, 79))),
        ipaddress.ip_address((base >> 80 << 80) | asked),
    ):
        assert bool(answer(listed, reverse(str(address)))) is (address in network)


def test_an_allowed_address_hides_in_a_blocked_network() -> None:
    listed = made("dnsbl-ip", ("ip", "198.51.100.0/24", "block"), ("ip", "198.51.100.7", "allow"))
    assert answer(listed, reverse("198.51.100.8")) == "127.0.0.2"
    assert answer(listed, reverse("198.51.100.7")) == ""


def test_each_list_has_the_entries_by_which_readers_test_lists() -> None:
    addresses, domains = made("dnsbl-ip"), made("dnsbl-domain")
    mapped = ipaddress.ip_address("::ffff:7f00:2").reverse_pointer.removesuffix(".ip6.arpa")
    assert (
        answer(addresses, reverse("127.0.0.2")) == answer(addresses, mapped) == answer(domains, "test") == "127.0.0.2"
    )
    assert answer(addresses, reverse("127.0.0.1")) == answer(domains, "invalid") == ""


def test_nothing_that_an_entry_may_hold_breaks_a_zone() -> None:
    long = ".".join(["a" * 60] * 4)
    assert answer(made("rpz", ("url", f"http://{long}.example", "block")), "x", "CNAME") == ""
    assert (
        answer(made("rpz", ("url", "http://_x-y.bücher.example", "block")), "_x-y.xn--bcher-kva.example", "CNAME")
        == "."
    )


def test_two_deep_names_that_part_below_a_covered_one_hide_nothing_of_it() -> None:
    """The second meets names between that the first has made."""
    book: list[tuple[str, BlockAction]] = [
        ("example", "block"),
        ("a.a.b.example", "allow"),
        ("a.a.b.b.example", "allow"),
    ]
    domains = made("dnsbl-domain", *[("domain", name, action) for name, action in book])
    for name in ("b.example", "b.b.example", "a.b.b.example", "x.b.b.example", "x.a.b.b.example"):
        assert answer(domains, name) == "127.0.0.2", name
    assert answer(domains, "a.a.b.b.example") == answer(domains, "x.a.a.b.b.example") == ""


NAMES = st.lists(st.sampled_from("ab"), min_size=1, max_size=5).map(lambda labels: ".".join([*labels, "example"]))


@given(book=st.dictionaries(NAMES, st.sampled_from(("block", "allow")), max_size=6), asked=NAMES)
def test_of_names_within_each_other_the_nearest_entry_answers(book: dict[str, BlockAction], asked: str) -> None:
    labels = asked.split(".")
    nearest = next((book[above] for at in range(len(labels)) if (above := ".".join(labels[at:])) in book), "")
    domains = made("dnsbl-domain", *(("domain", name, action) for name, action in book.items()))
    assert bool(answer(domains, asked)) is (nearest == "block")
    hosts = made("rpz", *(("url", name, action) for name, action in book.items()))
    assert answer(hosts, asked, "CNAME") == {"block": ".", "allow": "rpz-passthru.", "": ""}[nearest]


V4 = st.tuples(st.integers(0, 15), st.integers(24, 32)).map(lambda one: f"198.51.100.{one[0]}/{one[1]}")
V6 = st.tuples(st.integers(0, 2**10), st.integers(48, 128)).map(
    lambda one: str(ipaddress.ip_network((0x20010DB8 << 96 | one[0] << 74 | one[0] % 8, one[1]), strict=False))
)


@given(
    book=st.dictionaries(
        st.one_of(V4, V6).map(lambda text: ipaddress.ip_network(text, strict=False)),
        st.sampled_from(("block", "allow")),
        max_size=5,
    ),
    four=st.integers(0, 20),
    six=st.integers(0, 2**10),
)
def test_of_networks_within_each_other_the_longest_prefix_answers(
    book: dict[ipaddress.IPv4Network | ipaddress.IPv6Network, BlockAction], four: int, six: int
) -> None:
    listed = made("dnsbl-ip", *(("ip", str(network), action) for network, action in book.items()))
    for text in (f"198.51.100.{four}", str(ipaddress.ip_address(0x20010DB8 << 96 | six << 74 | six % 8))):
        address = ipaddress.ip_address(text)
        nearest = max((one for one in book if address in one), key=lambda one: one.prefixlen, default=None)
        assert bool(answer(listed, reverse(text))) is (nearest is not None and book[nearest] == "block")

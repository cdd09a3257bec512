"""A proxy's word about its clients counts when it comes from a trusted network, and only then."""

import pytest
from starlette.requests import Request

from shared.proxies import HOPS_MAX, TrustedProxies

PROXIES = TrustedProxies(("10.0.0.0/8", "2001:db8::/32"))


def request(peer: str, *forwarded: str, proto: str = "") -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    return Request(
        {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers, "server": ("a", 80), "path": "/"}
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("2001:db8::1", ["2001:db9::7"], "2001:db9::7"),
        ("10.0.0.1", ["no address"], "10.0.0.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_the_client_is_the_last_hop_that_no_trusted_proxy_is(peer: str, forwarded: list[str], client: str) -> None:
    assert PROXIES.client(request(peer, *forwarded)) == client


def test_no_more_hops_are_read_than_anybody_needs() -> None:
    assert PROXIES.client(request("10.0.0.1", "198.51.100.1" + ", 10.0.0.2" * HOPS_MAX)) == "10.0.0.2"


def test_tls_is_told_by_trusted_proxies_only() -> None:
    assert PROXIES.is_https(request("10.0.0.1", proto="https"))
    assert not PROXIES.is_https(request("203.0.113.9", proto="https"))

"""Who asks, when a reverse proxy stands between: its headers are believed from configured networks only."""

import ipaddress
from collections.abc import Iterable

from starlette.requests import HTTPConnection

#: Hops of X-Forwarded-For that are looked at.
HOPS_MAX = 20


class TrustedProxies:
    """Reads what trusted proxies say; what anybody else says in the same headers is nothing."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(word) for word in networks]

    def sent(self, request: HTTPConnection) -> bool:
        """Whether the request comes from one of them."""
        return self._is_ours(request.client.host if request.client else "")

    def client(self, request: HTTPConnection) -> str:
        """The address of who asks: the last hop that no trusted proxy is."""
        address = request.client.host if request.client else ""
        hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")[-HOPS_MAX:]
        while self._is_ours(address) and hops and (hop := _address(hops.pop())):
            address = hop
        return address

    def is_https(self, request: HTTPConnection) -> bool:
        """Whether the browser speaks TLS."""
        if self.sent(request) and (told := request.headers.get("x-forwarded-proto")):
            return told.strip().lower() == "https"
        return request.url.scheme == "https"

    def _is_ours(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _address(hop: str) -> str:
    try:
        return str(ipaddress.ip_address(hop.strip()))
    except ValueError:
        return ""

"""What a request's sender is, when a reverse proxy stands between: believed from configured networks only."""

import hmac
import ipaddress

from starlette.requests import HTTPConnection

from services.console.rules.access import Person, role_of
from services.console.settings import ConsoleSettings

#: Longest name that a proxy or provider may give, in characters.
NAME_MAX = 100

#: Hops of X-Forwarded-For that are looked at.
HOPS_MAX = 20


class Proxies:
    """Reads what trusted proxies say; what anybody else says in the same headers is nothing."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._networks = [ipaddress.ip_network(word) for word in settings.trusted_proxies]
        self._user_header = settings.proxy_user_header
        self._groups_header = settings.proxy_groups_header
        self._secret = settings.proxy_secret.get_secret_value()
        self._by_role = settings.groups_by_role()
        self._default = settings.default_role or None

    def is_trusted(self, request: HTTPConnection) -> bool:
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
        if self.is_trusted(request) and (told := request.headers.get("x-forwarded-proto")):
            return told.strip().lower() == "https"
        return request.url.scheme == "https"

    def person(self, request: HTTPConnection) -> Person | None:
        """Who has signed in at the proxy, when it may say so and they have a role."""
        if not self._user_header or not self.is_trusted(request):
            return None
        if self._secret and not hmac.compare_digest(
            request.headers.get("x-longstop-proxy-secret", "").encode(), self._secret.encode()
        ):
            return None
        name = request.headers.get(self._user_header, "").strip()
        groups = request.headers.get(self._groups_header, "") if self._groups_header else ""
        role = role_of([group.strip() for group in groups.split(",")], self._by_role, self._default)
        if not name or len(name) > NAME_MAX or not name.isprintable() or role is None:
            return None
        return Person(name, role, via="proxy", address=self.client(request))

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

"""Who has signed in at a reverse proxy: believed from configured networks only."""

import hmac

from starlette.requests import HTTPConnection

from services.console.rules.access import Person, role_of
from services.console.settings import ConsoleSettings
from shared.proxies import TrustedProxies

#: Longest name that a proxy or provider may give, in characters.
NAME_MAX = 100


class Proxies(TrustedProxies):
    """Reads who has signed in at a trusted proxy, too."""

    def __init__(self, settings: ConsoleSettings) -> None:
        super().__init__(settings.trusted_proxies)
        self._user_header = settings.proxy_user_header
        self._groups_header = settings.proxy_groups_header
        self._secret = settings.proxy_secret.get_secret_value()
        self._by_role = settings.groups_by_role()
        self._default = settings.default_role or None

    def person(self, request: HTTPConnection) -> Person | None:
        """Who has signed in at the proxy, when it may say so and they have a role."""
        if not self._user_header or not self.sent(request):
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

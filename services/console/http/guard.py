"""Who is there: a token in a header, a session in a cookie, or a proxy's word; and whether they may."""

import hashlib
import hmac
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.params import Security as SecurityParam
from fastapi.security import HTTPBearer, SecurityScopes
from starlette.datastructures import FormData

from services.console.access import Access
from services.console.access.proxies import Proxies
from services.console.rules.access import Person, Role, csrf_of, is_within, may
from services.console.settings import ConsoleSettings
from shared.web import Problem

#: The session's cookie; behind TLS with the prefix that ties it to this host (RFC 6265bis, section 4.1.3.2).
COOKIE, SECURE_COOKIE = "longstop_session", "__Host-longstop_session"

#: The header in which a script of a page sends what its forms send as `csrf`.
CSRF_HEADER = "x-csrf-token"

#: What changes nothing.
SAFE = ("GET", "HEAD", "OPTIONS")

#: Shows in the OpenAPI document how one asks, and (as scope) which role a route needs.
BEARER = HTTPBearer(auto_error=False, description="an API token: `longstop token create`")


class Guard:
    """Lets in who has the role that a route needs: `Depends` on `guard.requires(role)`, then take an `Asking`."""

    def __init__(self, settings: ConsoleSettings, access: Access) -> None:
        self._bootstrap = settings.bearer_token()
        self._access = access
        self._proxy_key = settings.secret_keys()[0]
        self._url = settings.console_url
        self.proxies = Proxies(settings)

    def requires(self, role: Role) -> SecurityParam:
        """The dependency of a route or router."""
        needed: SecurityParam = Security(self, scopes=[role])
        return needed

    async def __call__(
        self, request: Request, scopes: SecurityScopes, _: Annotated[object, Security(BEARER)] = None
    ) -> Person:
        """Find out who asks, and leave them at `request.state.person`.

        Raises:
            Problem: 401 nobody is there; 403 they may not, or a foreign site sends what only our pages may.
        """
        person = await self.who(request)
        if person is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "sign in",
                "open /sign-in, or send the header Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )
        request.state.person = person
        for role in scopes.scopes:
            if not may(person.role, role):
                raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {role}", f"you are {person.role}")
        if not is_within(person.kinds, method=request.method, path=request.url.path):
            raise Problem(
                HTTPStatus.FORBIDDEN, "the token is not good for this", f"it is for {', '.join(person.kinds)}"
            )
        if person.csrf and request.method not in SAFE:
            await self._ours(request, person)
        return person

    async def who(self, request: Request) -> Person | None:
        """Who asks; a token that is sent counts alone, whatever else is there."""
        if authorization := request.headers.get("authorization"):
            scheme, _, given = authorization.partition(" ")
            return await self.by_token(request, given.strip()) if scheme.lower() == "bearer" else None
        secret = self.secret(request)
        return (await self._by_session(request, secret) if secret else None) or self._by_proxy(request)

    def secret(self, request: Request) -> str:
        """What the session's cookie says. Over TLS only the one counts that no other host of the domain can have set."""
        return request.cookies.get(SECURE_COOKIE if self.proxies.is_https(request) else COOKIE, "")

    async def still(self, person: Person) -> bool:
        """Whether somebody who was let in some time ago would still be: their token or session goes on. Counts as no visit."""
        if person.via == "token" and not person.csrf:
            return await self._access.tokens.is_good(person.session)
        return not person.session or await self._access.sessions.is_open(person.session)

    async def by_token(self, request: Request, given: str) -> Person | None:
        """Whose token this is: the data dir's own, or one that was made."""
        address = self.proxies.client(request)
        if hmac.compare_digest(given.encode(), self._bootstrap.encode()):
            return Person("operator", "admin", via="bootstrap", address=address)
        token = await self._access.tokens.find(given)
        if token is None or not may(token.role, "viewer"):
            return None
        return Person(f"token/{token.name}", token.role, "token", tuple(token.kinds), address, session=token.id)

    async def _by_session(self, request: Request, secret: str) -> Person | None:
        row = await self._access.sessions.find(secret)
        if row is None or (row.via == "token" and not await self._access.tokens.is_good(row.token_id)):
            return None
        if row.via == "bootstrap" and row.token_id != self.bootstrap_mark():
            return None
        address = self.proxies.client(request)
        return Person(row.name, row.role, row.via, tuple(row.kinds), address, row.id, csrf_of(secret))

    def _by_proxy(self, request: Request) -> Person | None:
        person = self.proxies.person(request)
        if person is None:
            return None
        secret = hmac.new(self._proxy_key.encode(), f"proxy\n{person.name}".encode(), hashlib.sha256).hexdigest()
        return Person(person.name, person.role, "proxy", (), person.address, csrf=csrf_of(secret))

    def bootstrap_mark(self) -> str:
        """What a session opened with the data dir's token keeps of it: another token ends the session."""
        return hashlib.sha256(f"mark\n{self._bootstrap}".encode()).hexdigest()[:16]

    def same_site(self, request: Request, *, or_silent: bool = True) -> None:
        """Refuse a request that a page of another site makes a browser send (Fetch Metadata, or Origin of older browsers).

        Raises:
            Problem: 403 it is from elsewhere, or (unless `or_silent`) does not say where it is from.
        """
        site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
        own = (f"http://{request.headers.get('host', '')}", f"https://{request.headers.get('host', '')}", self._url)
        is_ours = site == "same-origin" if site else origin in own if origin else or_silent
        if not is_ours:
            raise Problem(HTTPStatus.FORBIDDEN, "not from another site", "use the console's own pages")

    async def _ours(self, request: Request, person: Person) -> None:
        """Refuse what a page that is none of ours makes a browser send: by where it says it is from, and by the form's token."""
        self.same_site(request, or_silent=False)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            return  # a foreign form cannot send it, and a foreign script is asked for CORS first
        given = request.headers.get(CSRF_HEADER, "")
        if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            form: FormData = await request.form()
            given = given or str(form.get("csrf", ""))
        if not hmac.compare_digest(given.encode(errors="replace"), person.csrf.encode()):
            raise Problem(HTTPStatus.FORBIDDEN, "the form is too old", "load the page again")


async def asking(request: Request) -> Person:
    """Who asks, on a route that a guard stands before."""
    person: Person = request.state.person
    return person


Asking = Annotated[Person, Depends(asking)]

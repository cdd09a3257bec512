"""Signing in by the organisation's identity provider."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response

from services.console.access.oidc import COOKIE, Provider
from services.console.http.desk import Desk
from services.console.http.signing import Signing
from shared.errors import Reject

#: Where the provider sends the browser back to; it is registered there under this path.
BACK = "/sign-in/provider/return"


class BySigningElsewhere:
    """Two routes: there, and back."""

    def __init__(self, desk: Desk, signing: Signing) -> None:
        self._desk, self._signing = desk, signing
        self._provider = Provider(desk.access.settings)
        self._log = structlog.stdlib.get_logger("sign-in")

    def open_router(self) -> APIRouter:
        """Both."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/sign-in/provider", self.begin, methods=["GET"])
        router.add_api_route(BACK, self.end, methods=["GET"])
        return router

    async def begin(self, request: Request) -> Response:
        """To the provider."""
        is_https = self._desk.guard.proxies.is_https(request)
        own = f"{'https' if is_https else 'http'}://{request.headers.get('host', '')}"
        base = self._desk.access.settings.console_url or own
        return await self._provider.begin(request, f"{base}{BACK}", is_https=is_https)

    async def end(self, request: Request) -> Response:
        """Back from it. The page opens the console itself: a redirect would still count as from elsewhere, without the cookie."""
        try:
            person = await self._provider.end(request, self._desk.guard.proxies.client(request))
        except Reject as reason:
            self._log.warning("sign-in refused", reason=str(reason))
            return self._signing.page_again(HTTPStatus.UNAUTHORIZED, wrong="provider")
        answer = await self._signing.opened(request, person, "", self._desk.views.page("signed-in.html"))
        answer.delete_cookie(COOKIE, path="/sign-in/provider")
        return answer

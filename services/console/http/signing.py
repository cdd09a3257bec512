"""Signing in and out: an account with a password, or an API token; by an identity provider in `oidc.py`."""

import math
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.console.http.desk import Desk
from services.console.http.guard import COOKIE, SECURE_COOKIE, Asking
from services.console.rules.access import Person, fingerprint


class Signing:
    """The routes. Wrong attempts cost time, for the account and for the client."""

    def __init__(self, desk: Desk) -> None:
        self._access, self._guard, self._views = desk.access, desk.guard, desk.views

    def open_router(self) -> APIRouter:
        """What one sees before signing in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/sign-in", self.page, methods=["GET"])
        router.add_api_route("/sign-in", self.sign_in, methods=["POST"])
        return router

    def router(self) -> APIRouter:
        """What one sees afterwards."""
        router = APIRouter(include_in_schema=False, dependencies=[self._guard.requires("viewer")])
        router.add_api_route("/sign-out", self.sign_out, methods=["POST"])
        return router

    async def page(self) -> Response:
        """Name and password, or a token."""
        return self.page_again()

    async def sign_in(
        self,
        request: Request,
        name: Annotated[str, Form(max_length=100)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        token: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        """Open a session.

        Raises:
            Problem: 403 another site's page sends the form.
        """
        self._guard.same_site(request)
        client, account = self._guard.proxies.client(request), "" if token else name.strip().lower()
        wait_s = self._access.lockout.wait_s(client, account)
        if wait_s > 0:
            answer = self.page_again(HTTPStatus.TOO_MANY_REQUESTS, wait_s=math.ceil(wait_s))
            answer.headers["Retry-After"] = str(math.ceil(wait_s))
            return answer
        self._access.lockout.wrong(client, account)  # until it proves right: attempts side by side count, too
        person, token_id = await (
            self._by_token(request, token) if token else self._by_password(request, name, password)
        )
        if person is None:
            return self.page_again(HTTPStatus.UNAUTHORIZED, wrong="token" if token else "password")
        self._access.lockout.right(client, account)
        return await self.opened(request, person, token_id, RedirectResponse("/", HTTPStatus.SEE_OTHER))

    async def opened(self, request: Request, person: Person, token_id: str, answer: Response) -> Response:
        """Give a person a new session and its cookie; the one that this browser had before ends."""
        await self._access.audit.add(person, "signed.in", person.name)
        await self._access.sessions.end(fingerprint(self._guard.secret(request)))
        is_https = self._guard.proxies.is_https(request)
        answer.set_cookie(
            SECURE_COOKIE if is_https else COOKIE,
            await self._access.sessions.open(person, token_id),
            max_age=int(self._access.sessions.longest.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=is_https,
        )
        return answer

    async def sign_out(self, person: Asking, everywhere: Annotated[bool, Form()] = False) -> Response:
        """End the session, here and wherever its cookie was copied to; `everywhere`: and in all other browsers."""
        await self._access.audit.add(person, "signed.out", person.name, everywhere=everywhere or None)
        await self._access.sessions.end(person.session)
        if everywhere:
            await self._access.sessions.end_all(person)
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE)
        answer.delete_cookie(SECURE_COOKIE, secure=True)
        return answer

    async def _by_token(self, request: Request, token: str) -> tuple[Person | None, str]:
        person = await self._guard.by_token(request, token.strip())
        if person is None:
            return None, ""
        return person, person.session or self._guard.bootstrap_mark()

    async def _by_password(self, request: Request, name: str, password: str) -> tuple[Person | None, str]:
        if not self._access.settings.local_accounts:
            return None, ""
        found = await self._access.operators.check(name.strip().lower(), password)
        if found is None:
            return None, ""
        return Person(found.name, found.role, "password", address=self._guard.proxies.client(request)), ""

    def page_again(self, status: int = HTTPStatus.OK, *, wrong: str = "", wait_s: int = 0) -> Response:
        """The page, and what was wrong: token, password, provider, or that one has to wait."""
        settings = self._access.settings
        return self._views.page(
            "sign-in.html",
            status,
            wrong=wrong,
            wait_s=wait_s,
            has_accounts=settings.local_accounts,
            has_provider=bool(settings.oidc_issuer),
        )

"""How the API answers: problem objects for what went wrong, ETags for what was read, one answer for a repeated request."""

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.console.http.once import Claim, RepeatedError
from shared.web import Problem


def etag_of(body: bytes) -> str:
    """A strong entity tag: other bytes, another tag (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def names(field: str, etag: str) -> bool:
    """Whether a field If-Match or If-None-Match names a tag."""
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in field.split(","))


def must_match(field: str, etag: str) -> None:
    """Refuse to act on what has changed since it was read.

    Raises:
        Problem: 412 it has.
    """
    if field and (field.strip().startswith("W/") or not names(field, etag)):
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "it has changed since", "read it again, then decide")


class Answering(APIRoute):
    """The class of every route of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler with what stands above around it."""
        plain = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await plain(request)
            except RepeatedError as again:
                return Response(again.answer, again.status, {"Idempotent-Replayed": "true"}, "application/json")
            except Exception:
                if claim := _claim_of(request):
                    await claim.let_go()
                raise
            if claim := _claim_of(request):
                await claim.keep(response.status_code, bytes(response.body))
            return _tagged(request, response)

        return handle


def _claim_of(request: Request) -> Claim | None:
    return getattr(request.state, "claim", None)


def _tagged(request: Request, response: Response) -> Response:
    is_json = response.headers.get("content-type", "").startswith("application/json")
    if request.method != "GET" or not is_json or response.status_code != HTTPStatus.OK:
        return response
    etag = etag_of(bytes(response.body))
    headers = {"ETag": etag, "Cache-Control": "no-store", "Vary": "Authorization, Cookie"}
    if names(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return response

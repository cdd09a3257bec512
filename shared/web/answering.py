"""The application of a service: health, metrics, problem objects (RFC 9457), and bodies of a bounded size."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Defer, Reject
from shared.invalid import in_words
from shared.metrics import HTTP_ANSWER_S
from shared.web.asking import UNPACKED, Heads, packed
from shared.web.documents import PROBLEMS, document

#: What a client is told to wait when we cannot take more now, in seconds.
RETRY_AFTER_S = 10

#: Largest body of a request that says nothing else, in bytes.
BODY_MAX = 1024 * 1024

Check = Callable[[], Awaitable[None]]


class Problem(HTTPException):
    """One clear problem object: `title` says what is wrong, `detail` what to do."""

    def __init__(self, status: int, title: str, detail: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail=detail, headers=headers)
        self.title = title


def problem(status: int, title: str, detail: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer `application/problem+json`."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")


def service_app(  # noqa: PLR0913 - all but two are named
    name: str,
    version: str,
    *,
    ready: Check,
    documented: bool = False,
    body_max: int = BODY_MAX,
    bounding: Collection[str] = (),
) -> FastAPI:
    """An application with `/livez`, `/readyz` and `/metrics`; `documented` adds `/openapi.json`.

    A body of more than `body_max` bytes is refused, but for the paths `bounding`, which bound theirs while they read it.
    """
    app = FastAPI(
        title=f"Longstop {name}",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if documented else None,
        responses=PROBLEMS,
    )
    document(app)

    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"status": "ok", "service": name}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        try:
            await asyncio.wait_for(ready(), 3)
        except (Defer, TimeoutError) as error:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not ready", str(error) or "a check took too long")
        return JSONResponse({"status": "ok", "service": name})

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.add_middleware(_Sized, body_max=body_max, bounding=bounding)
    app.add_middleware(Heads)
    app.add_middleware(_Timed, name=name)
    _problems(app)
    return app


class _Timed:
    """Times the answers of each route; what is no route of ours has no name of its own."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self._app, self._name = app, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began = time.perf_counter()

        async def timed(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")  # FastAPI puts it there
                HTTP_ANSWER_S.labels(self._name, route).observe(time.perf_counter() - began)

        return await self._app(scope, receive, timed)


class _Sized:
    """Refuses a body that is packed, or too large: at once when it says so, else when it has become so."""

    def __init__(self, app: ASGIApp, body_max: int, bounding: Collection[str]) -> None:
        self._app, self._body_max, self._bounding = app, body_max, frozenset(bounding)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and packed(scope):
            return await problem(*UNPACKED, {"Accept-Encoding": "identity"})(scope, receive, send)
        if scope["type"] != "http" or scope["path"] in self._bounding:
            return await self._app(scope, receive, send)
        said = Headers(scope=scope).get("content-length", "")
        too_large = Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large", f"at most {self._body_max} bytes are taken"
        )
        if said.isdecimal() and int(said) > self._body_max:
            return await problem(too_large.status_code, too_large.title, too_large.detail)(scope, receive, send)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._body_max:
                raise too_large
            return message

        return await self._app(scope, counted, send)


def _problems(app: FastAPI) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def http_problem(_: Request, error: StarletteHTTPException) -> Response:
        title = getattr(error, "title", HTTPStatus(error.status_code).phrase)
        return problem(error.status_code, title, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):
            return problem(HTTPStatus.BAD_REQUEST, "the body is no JSON", "RFC 8259")
        words = in_words(faults, outer=1)  # the first step says body or query
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not valid", words)

    @app.exception_handler(Defer)
    async def not_now(_: Request, error: Defer) -> Response:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not now, try again", str(error), headers)

    @app.exception_handler(Reject)
    async def never(_: Request, error: Reject) -> Response:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", str(error))

    @app.exception_handler(Exception)
    async def fault(_: Request, __: Exception) -> Response:
        """It is logged as it is raised again; who asked learns nothing of it."""
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours", "the log of the service tells more")

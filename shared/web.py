"""The HTTP side of every service: health, metrics, problem objects (RFC 9457), bearer tokens (RFC 6750)."""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Defer, Reject

#: What a client is told to wait when we cannot take more now, in seconds.
RETRY_AFTER_S = 10

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


def service_app(
    name: str, version: str, *, ready: Check, documented: bool = False, body_max: int | None = None
) -> FastAPI:
    """An application with `/livez`, `/readyz` and `/metrics`; `documented` adds `/openapi.json`; `body_max` is in bytes."""
    app = FastAPI(
        title=f"Longstop {name}",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if documented else None,
    )

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

    if body_max is not None:
        app.add_middleware(_Sized, body_max=body_max)
    _problems(app)
    return app


class _Sized:
    """Refuses a body that is too large: at once when it says so, else when it has become so."""

    def __init__(self, app: ASGIApp, body_max: int) -> None:
        self._app, self._body_max = app, body_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
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


def bearer(token: str) -> Callable[[Request], None]:
    """A dependency that lets a request in only with this token; with an empty one it lets in everybody."""

    def check(request: Request) -> None:
        if not token:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
            return
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "a token is needed",
            "send the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )

    return check


def same_site(request: Request) -> None:
    """Refuse what a foreign web page makes a browser send to a door that needs no token (Fetch Metadata)."""
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise Problem(HTTPStatus.FORBIDDEN, "not from another site", "this door answers programs, not web pages")


def _problems(app: FastAPI) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def http_problem(_: Request, error: StarletteHTTPException) -> Response:
        title = getattr(error, "title", HTTPStatus(error.status_code).phrase)
        return problem(error.status_code, title, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors()[:5]]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not valid", "; ".join(faults))

    @app.exception_handler(Defer)
    async def not_now(_: Request, error: Defer) -> Response:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not now, try again", str(error), headers)

    @app.exception_handler(Reject)
    async def never(_: Request, error: Reject) -> Response:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", str(error))


class HttpServer:
    """One application on one port, inside the loop of the process."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # else anybody on this machine could say in X-Forwarded-For who they are
            timeout_keep_alive=30,
            limit_concurrency=500,
            timeout_graceful_shutdown=5,
            lifespan="off",
        )
        self._server = _Server(config)
        self._socket = listen(host, port)
        self._task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Begin to answer."""
        self._task = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        """Finish open requests, then close."""
        self._server.should_exit = True
        if self._task:
            await self._task
        self._socket.close()


class _Server(uvicorn.Server):
    """Signals belong to the process, not to one of its servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a taken port is one clear error.

    Raises:
        OSError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio sets this by itself only where it made the socket: without it every answer waits 40 ms for the client's ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"port {port} on {host} cannot be used: {error.strerror}") from error
    listener.listen(512)
    listener.setblocking(False)
    return listener

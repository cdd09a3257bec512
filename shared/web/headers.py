"""What every answer tells browsers, of errors and files, too: it is nobody's frame, script or cache entry but our own pages'."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Each where the answer itself says nothing about it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

#: An answer with one of these says itself how long it may be kept; any other is kept nowhere.
KEEPING = ("cache-control", "expires", "etag")


class Harmless:
    """An application whose every answer has these headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with what it lacks."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not any(name in headers for name in KEEPING):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, told)

"""How every route may be asked: by HEAD where GET is, and with a body as it is, for we unpack none."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Answers HEAD as GET without its body (RFC 9110, section 9.3.2): monitors and load balancers ask so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; of what HEAD asks for, the head alone comes back."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        over = False

        async def head(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.start":
                await send(message)
            elif not over:
                over = True
                await send({"type": "http.response.body", "body": b""})

        async def gone() -> Message:
            """A stream that never ends learns that nobody reads on."""
            return {"type": "http.disconnect"} if over else await receive()

        await self._app({**scope, "method": "GET"}, gone, head)


def packed(scope: Scope) -> str:
    """The coding of a request's body when it has one; empty: it comes as it is."""
    coding = Headers(scope=scope).get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


UNPACKED = (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is packed", "send it without Content-Encoding")

"""How much a stranger may send: a form of these pages is small, and nobody proves who they are before it is read."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Two tokens and a comment, all of it percent-encoded.
BODY_MAX_BYTES = 32 * 1024


class Bounded:
    """An application that reads at most `BODY_MAX_BYTES` of a request (413 beyond)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with what it may bring."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if len(body) > BODY_MAX_BYTES:
                await _too_large(send)
                return
            if not message.get("more_body"):
                break
        await self._app(scope, _replay(bytes(body), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    """What was read, then whatever comes (a client that leaves)."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _too_large(send: Send) -> None:
    head = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": head})
    await send({"type": "http.response.body", "body": b"too large\n"})

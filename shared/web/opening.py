"""A service that is not ready to work yet answers how it is, and 503 to anything else: nobody waits for an answer in vain."""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.answering import RETRY_AFTER_S, problem

#: What is answered all the time.
ALWAYS = frozenset(("/livez", "/readyz", "/metrics"))


class Opening:
    """An application that is closed at first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_open = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or not yet."""
        if self.is_open or scope["type"] != "http" or scope["path"] in ALWAYS:
            return await self._app(scope, receive, send)
        not_yet = problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not now, try again",
            "the service is starting; its /readyz says what it waits for",
            {"Retry-After": str(RETRY_AFTER_S)},
        )
        return await not_yet(scope, receive, send)

"""The live stream over HTTP: Server-Sent Events (HTML Standard, section 9.2)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.live import Live
from services.console.http.models import Responses
from shared.web import PROBLEMS, Problem

#: What the document says of the answer.
STREAM: Responses = {
    200: {"description": "events whose `data` is a line of activity as JSON", "content": {"text/event-stream": {}}},
    **PROBLEMS,
}


class Streaming:
    """The route."""

    def __init__(self, desk: Desk, live: Live) -> None:
        self._desk, self._live = desk, live

    def router(self) -> APIRouter:
        """The one."""
        router = APIRouter(prefix="/v1")
        router.add_api_route(
            "/live",
            self.live,
            methods=["GET"],
            dependencies=self._desk.behind(),
            response_class=StreamingResponse,
            responses=STREAM,
        )
        return router

    async def live(
        self,
        person: Asking,
        after: Annotated[
            int | None, Query(ge=0, le=2**31 - 1, description="begin after this line; with the next one, when left out")
        ] = None,
        kinds: Annotated[
            str, Query(max_length=1000, description="events to hear of, comma-separated; all, when empty")
        ] = "",
        last_event_id: Annotated[str, Header(max_length=20, description="where a stream that broke goes on")] = "",
    ) -> StreamingResponse:
        """What happens, as it happens.

        Raises:
            Problem: 503 there are as many watchers as may be.
        """
        if self._live.is_full:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many watchers", "close another one", {"Retry-After": "30"}
            )
        start = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 10 else after
        wanted = frozenset(word.strip() for word in kinds.split(",") if word.strip())
        stream = self._live.watch(start, wanted, lambda: self._desk.guard.still(person))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

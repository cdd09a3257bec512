"""The application, put together."""

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.console.dead import DeadLetters
from services.console.http.api import Api
from services.console.http.cases import Cases
from services.console.http.guard import Guard
from services.console.http.live import Live
from services.console.http.pages import Pages
from shared.run import VERSION, Room
from shared.web import Problem, problem, service_app


def app(room: Room, live: Live) -> FastAPI:
    """The application of the console."""
    application = service_app("console", VERSION, ready=room.ready, documented=True)
    guard = Guard(room.settings)
    dead = DeadLetters(room.redis, room.settings.stream_prefix)
    api = Api(room, live, dead)
    pages = Pages(room, guard, api, dead)
    application.include_router(pages.open_router())
    application.include_router(pages.router())
    application.include_router(api.router(), dependencies=[Depends(guard)])
    application.include_router(Cases(room).router(), dependencies=[Depends(guard)])

    @application.exception_handler(Problem)
    async def told(request: Request, error: Problem) -> Response:
        """A person without a session is shown where to sign in; a program is told."""
        if error.status_code == 401 and "text/html" in request.headers.get("accept", "") and request.method == "GET":
            return RedirectResponse("/sign-in", 303)
        return problem(error.status_code, error.title, str(error.detail), dict(error.headers or {}))

    return application

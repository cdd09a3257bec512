"""The application, put together."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.console.access import Access
from services.console.dead import DeadLetters
from services.console.http.accounts import Accounts
from services.console.http.answers import document
from services.console.http.api import Api
from services.console.http.cases import Cases
from services.console.http.dead import Dead
from services.console.http.desk import desk_of
from services.console.http.finding import Finding
from services.console.http.hooks import HookRoutes
from services.console.http.lists import Lists
from services.console.http.live import Live
from services.console.http.mails import Mails
from services.console.http.pages import Pages
from services.console.http.people import People
from services.console.http.signing import Signing
from services.console.http.streaming import Streaming
from shared.run import VERSION, Room
from shared.web import Problem, problem, service_app

#: Largest body of a request, in bytes: a repaired dead letter is the largest thing that is sent.
BODY_MAX = 1024 * 1024


def app(room: Room, access: Access, live: Live) -> FastAPI:
    """The application of the console. Every router but the open ones stands behind the guard, route by route."""
    application = service_app("console", VERSION, ready=room.ready, documented=True, body_max=BODY_MAX)
    desk = desk_of(room, access)
    dead = DeadLetters(room.redis, room.settings.stream_prefix)
    api, cases, signing = Api(desk, dead), Cases(desk), Signing(desk)
    for router in (signing.open_router(), signing.router(), *Pages(desk, cases, dead).routers()):
        application.include_router(router)
    if room.settings.oidc_issuer:
        from services.console.http.provider import BySigningElsewhere  # noqa: PLC0415 - who needs no provider loads none

        application.include_router(BySigningElsewhere(desk, signing).open_router())
    for part in (
        Finding(desk),
        api,
        cases,
        Lists(desk),
        Streaming(desk, live),
        Dead(desk, dead),
        Mails(desk),
        People(desk),
        Accounts(desk),
        HookRoutes(desk),
    ):
        application.include_router(part.router())

    document(application)

    @application.exception_handler(Problem)
    async def told(request: Request, error: Problem) -> Response:
        """A person without a session is shown where to sign in; a program is told."""
        if error.status_code == 401 and "text/html" in request.headers.get("accept", "") and request.method == "GET":
            return RedirectResponse("/sign-in", 303)
        if "text/html" in request.headers.get("accept", ""):
            title, detail = error.title, str(error.detail)
            return desk.views.page("problem.html", error.status_code, title=title, detail=detail)
        return problem(error.status_code, error.title, str(error.detail), dict(error.headers or {}))

    return application

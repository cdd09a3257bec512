"""The application, put together."""

import json
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.console.access import Access
from services.console.dead import DeadLetters
from services.console.http.accounts import Accounts
from services.console.http.api import Api
from services.console.http.cases import Cases
from services.console.http.dead import Dead
from services.console.http.desk import Desk, desk_of
from services.console.http.finding import Finding
from services.console.http.hooks import HookRoutes
from services.console.http.lists import Lists
from services.console.http.live import Live
from services.console.http.mails import Mails
from services.console.http.pages import Pages
from services.console.http.people import People
from services.console.http.purges import Purges
from services.console.http.signing import Signing
from services.console.http.streaming import Streaming
from shared.run import VERSION, Room
from shared.web import service_app


def app(room: Room, access: Access, live: Live) -> FastAPI:
    """The application of the console. Every router but the open ones stands behind the guard, route by route."""
    application = service_app("console", VERSION, ready=room.ready, documented=True)
    desk = desk_of(room, access)
    dead = DeadLetters(room.redis, room.settings.stream_prefix)
    api, cases, purges, signing = Api(desk, dead), Cases(desk), Purges(desk), Signing(desk)
    for router in (signing.open_router(), signing.router(), *Pages(desk, cases, purges, dead).routers()):
        application.include_router(router)
    if room.settings.oidc_issuer:
        from services.console.http.provider import BySigningElsewhere  # noqa: PLC0415 - who needs no provider loads none

        application.include_router(BySigningElsewhere(desk, signing).open_router())
    for part in (
        Finding(desk),
        api,
        cases,
        purges,
        Lists(desk),
        Streaming(desk, live),
        Dead(desk, dead),
        Mails(desk),
        People(desk),
        Accounts(desk),
        HookRoutes(desk),
    ):
        application.include_router(part.router())

    _told(application, desk)
    return application


def _told(application: FastAPI, desk: Desk) -> None:
    """What went wrong is a page for people, as it is a problem object for programs."""
    plain = dict(application.exception_handlers)

    async def told(request: Request, error: Exception) -> Response:
        answer: Response = await plain[next(one for one in type(error).__mro__ if one in plain)](request, error)
        if "text/html" not in request.headers.get("accept", ""):
            return answer
        if answer.status_code == HTTPStatus.UNAUTHORIZED and request.method == "GET":
            return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        fault = json.loads(bytes(answer.body))
        page = desk.views.page("problem.html", answer.status_code, title=fault["title"], detail=fault["detail"])
        if after := answer.headers.get("retry-after"):
            page.headers["Retry-After"] = after
        return page

    for kind in plain:
        application.add_exception_handler(kind, told)

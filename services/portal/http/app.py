"""The application of portal, put together."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.portal.http.door import Door, Refused
from services.portal.http.mails import Mails
from services.portal.http.pages import Pages
from services.portal.http.people import People
from services.portal.http.previews import Looking
from services.portal.reading import Previews
from shared.links import keyring_of
from shared.proxies import TrustedProxies
from shared.run import VERSION, Room
from shared.web import service_app

#: Two tokens and a comment, all of it percent-encoded: nobody proves who they are before a form is read.
BODY_MAX_BYTES = 32 * 1024


def app(room: Room) -> FastAPI:
    """The application."""
    application = service_app("portal", VERSION, ready=room.ready, body_max=BODY_MAX_BYTES)
    settings = room.settings
    door, pages = (
        Door(
            keyring_of(settings),
            settings.public_url,
            settings.portal_pause_s,
            TrustedProxies(settings.trusted_proxies),
        ),
        Pages(room.database, settings.digest_language, settings.digest_zone),
    )
    application.include_router(Mails(room.database, door, pages).router())
    application.include_router(Looking(room.database, door, pages, Previews(room.blobs)).router())
    application.include_router(People(room.database, door, pages).router())
    for name in ("portal.css", "portal.js"):
        application.add_api_route(f"/{name}", _static(pages, name), methods=["GET"], include_in_schema=False)
    _told(application, pages)
    return application


def _static(pages: Pages, name: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return await pages.static(name)

    return serve


def _told(application: FastAPI, pages: Pages) -> None:
    """What people see when something is refused: a page, never a problem object."""

    @application.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return pages.say(await pages.reader(request), error.word, error.status)

    @application.exception_handler(RequestValidationError)
    async def invalid(request: Request, _: RequestValidationError) -> Response:
        return pages.say(await pages.reader(request), "again", 400)

    @application.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        word = "again" if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "no_link"
        return pages.say(await pages.reader(request), word, error.status_code)

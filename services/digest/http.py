"""The operators' API of the quarantine."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from services.digest.desk import Desk
from services.digest.letters.jobs import Digests
from services.digest.rules.terms import canonical
from shared.run import VERSION, Room
from shared.web import bearer, same_site, service_app

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def app(room: Room, digests: Digests) -> FastAPI:
    """The application of digest."""
    application = service_app("digest", VERSION, ready=room.ready, documented=True)
    operators = APIRouter(dependencies=[Depends(bearer(room.settings.door_token())), Depends(same_site)])
    Desk(room).add_to(operators)
    letters = LettersDesk(digests)
    operators.add_api_route("/v1/digests", letters.send, methods=["POST"])
    operators.add_api_route("/v1/digests/preview", letters.preview, methods=["GET"], response_class=HTMLResponse)
    application.include_router(operators)
    return application


class Wanted(BaseModel):
    """For whom a digest is wanted."""

    recipient: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class LettersDesk:
    """The operators' API of digests."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests

    async def send(self, ask: Wanted) -> dict[str, Any]:
        """Send a digest now, of what was not told yet."""
        return await self._digests.send_now(canonical(ask.recipient))

    async def preview(self, recipient: str) -> Response:
        """The HTML of the digest that would be sent."""
        return HTMLResponse(await self._digests.preview(canonical(recipient)), headers=HEADERS)

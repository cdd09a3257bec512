"""The operators' API of the quarantine."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlmodel import select

from services.digest.desk import Desk
from services.digest.letters.jobs import Digests
from services.digest.letters.letter import html, lines
from services.digest.rules.terms import canonical
from services.digest.tables import Copy
from shared.links import Links
from shared.run import VERSION, Room
from shared.web import bearer, same_site, service_app
from shared.work import now

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def app(room: Room, links: Links, digests: Digests) -> FastAPI:
    """The application of digest."""
    application = service_app("digest", VERSION, ready=room.ready, documented=True)
    operators = APIRouter(dependencies=[Depends(bearer(room.settings.door_token())), Depends(same_site)])
    Desk(room).add_to(operators)
    letters = LettersDesk(room, links, digests)
    operators.add_api_route("/v1/digests", letters.send, methods=["POST"])
    operators.add_api_route("/v1/digests/preview", letters.preview, methods=["GET"], response_class=HTMLResponse)
    application.include_router(operators)
    return application


class Wanted(BaseModel):
    """For whom a digest is wanted."""

    recipient: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class LettersDesk:
    """The operators' API of digests."""

    def __init__(self, room: Room, links: Links, digests: Digests) -> None:
        self._room = room
        self._links = links
        self._digests = digests

    async def send(self, ask: Wanted) -> dict[str, Any]:
        """Send a digest now, of what was not told yet."""
        mail_id = await self._digests.decide(canonical(ask.recipient))
        if not mail_id:
            return {"notification_id": "", "item_count": 0, "message_id": ""}
        rows = await self._room.database.look(
            lambda session: len(session.exec(select(Copy.held_id).where(Copy.mail_id == mail_id)).all())
        )
        where = await self._digests.send(mail_id)
        return {"notification_id": mail_id, "item_count": rows, "message_id": f"{mail_id}@longstop", "path": where}

    async def preview(self, recipient: str) -> Response:
        """The HTML of the digest that would be sent."""
        rows = await self._digests.preview(canonical(recipient))
        return HTMLResponse(html(canonical(recipient), lines(rows, self._links, now())), headers=HEADERS)

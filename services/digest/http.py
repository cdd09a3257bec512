"""The operators' API of the quarantine."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlmodel import col, select

from services.digest.handlers import act, canonical
from services.digest.letters.jobs import Digests
from services.digest.rules import Act
from services.digest.tables import Copy, Held
from shared.run import VERSION, Room
from shared.web import Problem, bearer, same_site, service_app
from shared.work import Work

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
    desk = Desk(room, digests)
    operators.add_api_route("/v1/quarantine", desk.copies, methods=["GET"])
    operators.add_api_route("/v1/quarantine/{held_id}/{recipient}/{wanted}", desk.act, methods=["POST"])
    operators.add_api_route("/v1/digests", desk.send, methods=["POST"])
    operators.add_api_route("/v1/digests/preview", desk.preview, methods=["GET"], response_class=HTMLResponse)
    application.include_router(operators)
    return application


class Ask(BaseModel):
    """For whom a digest is wanted."""

    recipient: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class Desk:
    """The operators' API."""

    def __init__(self, room: Room, digests: Digests) -> None:
        self._room = room
        self._digests = digests

    async def copies(
        self, recipient: str = "", status: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> dict[str, Any]:
        """Copies of held mails, the newest first."""
        query = select(Copy, Held).join(Held, col(Held.held_id) == col(Copy.held_id)).order_by(col(Held.held_at).desc())
        if recipient:
            query = query.where(Copy.recipient == canonical(recipient))
        if status:
            query = query.where(Copy.status == status)
        rows = await self._room.database.look(lambda session: list(session.exec(query.limit(limit))))
        return {"quarantine": [{**held.model_dump(mode="json"), **copy.model_dump(mode="json")} for copy, held in rows]}

    async def act(self, held_id: str, recipient: str, wanted: str) -> dict[str, str]:
        """Release, deny or delete one copy."""
        acts: dict[str, Act] = {"release": "approve", "deny": "deny", "delete": "delete"}
        if wanted not in acts:
            raise Problem(HTTPStatus.NOT_FOUND, "no such act", f"use one of {', '.join(acts)}")
        why_not = await self._room.database.run(
            lambda work: _operate(held_id, canonical(recipient), acts[wanted], work)
        )
        if why_not:
            raise Problem(HTTPStatus.CONFLICT, "that is not possible now", why_not)
        return {"held_id": held_id, "recipient": canonical(recipient), "act": wanted}

    async def send(self, ask: Ask) -> dict[str, Any]:
        """Send a digest now, of what was not told yet."""
        return await self._digests.send_now(canonical(ask.recipient))

    async def preview(self, recipient: str) -> Response:
        """The HTML of the digest that would be sent."""
        return HTMLResponse(await self._digests.preview(canonical(recipient)), headers=HEADERS)


def _operate(held_id: str, recipient: str, wanted: Act, work: Work) -> str:
    copy = work.session.get(Copy, (held_id, recipient))
    return act(copy, wanted, "operator", work) if copy else "There is no such mail for this recipient."

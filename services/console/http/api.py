"""The REST API. What acts, acts by events: 202 says that it was asked for, not that it was done."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from services.console.dead import DeadLetters
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.live import Live
from services.console.queries import case_story, newest, page_of, stats
from services.console.tables import Block, Case, Copy, Report, Row, Verdict
from shared.events import BlockOrigin, BlockRequested, BlockWithdrawn, ReleaseDecided
from shared.events.vocabulary import BlockAction, BlockKind
from shared.web import Problem
from shared.work import now

Limit = Annotated[int, Query(ge=1, le=500)]

LISTS: dict[str, type[Row]] = {
    "reports": Report,
    "cases": Case,
    "verdicts": Verdict,
    "blocks": Block,
    "quarantine": Copy,
}


class NewBlock(BaseModel):
    """An entry to ask for."""

    kind: BlockKind
    value: str = Field(min_length=1, max_length=2048)
    action: BlockAction = "block"
    scope: str = Field(default="tenant", max_length=320)
    expires_at: datetime | None = None
    never_expires: bool = False
    note: str = Field(default="", max_length=1000)


class Decision(BaseModel):
    """An operator's decision about a release."""

    decision: Literal["approved", "denied"]
    comment: str = Field(default="", max_length=1000)
    override: bool = False


class Api:
    """The routes."""

    def __init__(self, desk: Desk, live: Live, dead: DeadLetters) -> None:
        self._room, self._guard, self._acts = desk.room, desk.guard, desk.acts
        self._live = live
        self._dead = dead

    def router(self) -> APIRouter:
        """All routes of the API."""
        look, act = [self._guard.requires("viewer")], [self._guard.requires("analyst")]
        router, accepted = APIRouter(prefix="/v1"), HTTPStatus.ACCEPTED
        for name, kind in LISTS.items():
            router.add_api_route(f"/{name}", self._list(kind), methods=["GET"], name=f"list {name}", dependencies=look)
        router.add_api_route("/cases/{case_id}", self.case, methods=["GET"], dependencies=look)
        router.add_api_route("/dead", self.dead, methods=["GET"], dependencies=look)
        router.add_api_route("/stats", self.stats, methods=["GET"], dependencies=look)
        router.add_api_route("/live", self.live, methods=["GET"], dependencies=look)
        router.add_api_route("/blocks", self.block, methods=["POST"], status_code=accepted, dependencies=act)
        router.add_api_route(
            "/blocks/{block_id}", self.unblock, methods=["DELETE"], status_code=accepted, dependencies=act
        )
        router.add_api_route(
            "/quarantine/{held_id}/{recipient}/decision",
            self.decide,
            methods=["POST"],
            status_code=accepted,
            dependencies=act,
        )
        return router

    def _list(self, kind: type[Row]) -> Any:
        async def rows(limit: Limit = 100, before: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
            try:
                found = await self._room.database.look(
                    lambda session: newest(session, kind, limit=limit, before=before)
                )
            except ValueError as error:
                raise Problem(HTTPStatus.BAD_REQUEST, "the cursor is wrong", str(error)) from error
            return page_of(found, limit)

        return rows

    async def case(self, case_id: str) -> JSONResponse:
        """One case with its reports, verdicts, entries and history."""
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        if story is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case")
        shown = {name: [row.model_dump(mode="json") for row in rows] for name, rows in story.items() if name != "case"}
        return JSONResponse({"case": story["case"].model_dump(mode="json"), **shown})

    async def dead(self, limit: Limit = 100) -> dict[str, Any]:
        """The newest dead letters."""
        return {"items": await self._dead.newest(limit), "next": ""}

    async def stats(self) -> dict[str, Any]:
        """The counts at the head of the page."""
        at = now()
        counts = await self._room.database.look(lambda session: stats(session, at))
        return {**counts, "dead": await self._dead.count()}

    async def live(self, request: Request, after: Annotated[int | None, Query(ge=0)] = None) -> StreamingResponse:
        """What happens, as Server-Sent Events."""
        if self._live.is_full:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many watchers", "close another one", {"Retry-After": "30"}
            )
        last = request.headers.get("last-event-id", "")
        start = int(last) if last.isdigit() and len(last) < 19 else after
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._live.watch(start), media_type="text/event-stream", headers=headers)

    async def block(self, entry: NewBlock, person: Asking) -> dict[str, str]:
        """Ask for an entry."""
        request_id = str(uuid4())
        fields = entry.model_dump(exclude={"note"})
        origin = BlockOrigin(by=person.name, note=entry.note)
        event = BlockRequested(request_id=request_id, origin=origin, **fields)
        await self._acts.say(person, "block.requested", request_id, event, **fields)
        return {"request_id": request_id}

    async def unblock(self, block_id: str, person: Asking) -> dict[str, str]:
        """Ask for the end of an entry."""
        request_id = str(uuid4())
        event = BlockWithdrawn(request_id=request_id, block_id=block_id, by=person.name)
        await self._acts.say(person, "block.withdrawn", block_id, event)
        return {"request_id": request_id}

    async def decide(self, held_id: str, recipient: str, decision: Decision, person: Asking) -> dict[str, str]:
        """Approve or deny a release."""
        copy = await self._room.database.look(lambda session: session.get(Copy, f"{held_id}/{recipient}"))
        if copy is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such held mail for this recipient")
        event = ReleaseDecided(
            held_id=held_id,
            recipient=recipient,
            decision=decision.decision,
            by=person.name,
            comment=decision.comment,
            override=decision.override,
            decision_id=str(uuid4()),
        )
        await self._acts.say(
            person, "release.decided", copy.id, event, decision=decision.decision, override=decision.override
        )
        return {"held_id": held_id, "recipient": recipient}

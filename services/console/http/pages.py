"""The pages: server-rendered, one style sheet, one script of our own, nothing inline, nothing from elsewhere."""

from http import HTTPStatus
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from services.console.dead import DeadLetters
from services.console.http.api import Api, Decision
from services.console.http.cases import Cases
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.queries import case_story, copies, newest, newest_activity, stats
from services.console.tables import Block, Case, Report
from shared.web import Problem
from shared.work import now

STATIC = {"console.css": "text/css", "console.js": "text/javascript"}


class Pages:
    """The routes."""

    def __init__(self, desk: Desk, api: Api, cases: Cases, dead: DeadLetters) -> None:
        self._room, self._guard, self._views = desk.room, desk.guard, desk.views
        self._api, self._cases = api, cases
        self._dead = dead
        folder = files("services.console").joinpath("static")
        self._static = {name: folder.joinpath(name).read_bytes() for name in STATIC}

    def open_router(self) -> APIRouter:
        """What one sees before signing in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/static/{name}", self.static, methods=["GET"])
        return router

    def router(self) -> APIRouter:
        """What one sees afterwards."""
        look, act = [self._guard.requires("viewer")], [self._guard.requires("analyst")]
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.now, methods=["GET"], dependencies=look)
        router.add_api_route("/cases/{case_id}", self.case, methods=["GET"], dependencies=look)
        router.add_api_route("/blocks", self.blocks, methods=["GET"], dependencies=look)
        router.add_api_route("/quarantine", self.quarantine, methods=["GET"], dependencies=look)
        router.add_api_route("/dead", self.dead, methods=["GET"], dependencies=look)
        router.add_api_route("/blocks/{block_id}/remove", self.unblock, methods=["POST"], dependencies=act)
        router.add_api_route("/cases/{case_id}/analyse", self.analyse, methods=["POST"], dependencies=act)
        router.add_api_route("/quarantine/{held_id}/{recipient}", self.decide, methods=["POST"], dependencies=act)
        return router

    async def static(self, name: str) -> Response:
        """The style sheet and the script."""
        if name not in self._static:
            raise Problem(HTTPStatus.NOT_FOUND, "no such file")
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return Response(self._static[name], media_type=STATIC[name], headers=headers)

    async def now(self, person: Asking) -> Response:
        """What happens now."""
        at = now()
        database = self._room.database
        counts = await database.look(lambda session: stats(session, at))
        cases = await database.look(lambda session: newest(session, Case, limit=20))
        reports = await database.look(lambda session: newest(session, Report, limit=15))
        lines = await database.look(lambda session: newest_activity(session, 30))
        return self._views.page(
            "now.html",
            person=person,
            stats=counts,
            dead=await self._dead.count(),
            cases=cases,
            reports=reports,
            lines=lines,
        )

    async def case(self, case_id: str, person: Asking) -> Response:
        """One case."""
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        if story is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case")
        return self._views.page("case.html", person=person, **story)

    async def blocks(self, person: Asking) -> Response:
        """Entries."""
        rows = await self._room.database.look(lambda session: newest(session, Block, limit=200))
        return self._views.page("blocks.html", person=person, blocks=rows)

    async def quarantine(self, person: Asking) -> Response:
        """Held mail."""
        rows = await self._room.database.look(lambda session: copies(session, 200))
        return self._views.page("quarantine.html", person=person, copies=rows)

    async def dead(self, person: Asking) -> Response:
        """Dead letters."""
        return self._views.page("dead.html", person=person, letters=await self._dead.newest(100))

    async def unblock(self, block_id: str, person: Asking) -> Response:
        """A button: remove an entry."""
        await self._api.unblock(block_id, person)
        return RedirectResponse("/blocks", HTTPStatus.SEE_OTHER)

    async def analyse(self, case_id: str, person: Asking) -> Response:
        """A button: analyse again."""
        await self._cases.analyse(case_id, person)
        return RedirectResponse(f"/cases/{case_id}", HTTPStatus.SEE_OTHER)

    async def decide(
        self,
        held_id: str,
        recipient: str,
        person: Asking,
        decision: Annotated[str, Form(pattern="^(approved|denied)$")],
    ) -> Response:
        """Two buttons: approve or deny."""
        await self._api.decide(held_id, recipient, Decision.model_validate({"decision": decision}), person)
        return RedirectResponse("/quarantine", HTTPStatus.SEE_OTHER)

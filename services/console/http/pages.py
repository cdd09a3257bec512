"""The pages: server-rendered, one style sheet, one script of our own, nothing inline, nothing from elsewhere."""

from http import HTTPStatus
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.console import words
from services.console.dead import DeadLetters
from services.console.http.api import Api, Decision
from services.console.http.cases import Cases
from services.console.http.guard import COOKIE, SESSION_MAX_AGE_S, Guard
from services.console.queries import case_story, copies, newest, newest_activity, stats
from services.console.rules.standing import case_state, may_decide
from services.console.rules.text import defanged, percent, seen
from services.console.tables import Block, Case, Report
from shared.run import Room
from shared.web import Problem
from shared.work import now

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

STATIC = {"console.css": "text/css", "console.js": "text/javascript"}


def environment() -> Environment:
    """Templates; every value is escaped, and `seen` or `defanged` where it comes from a mail."""
    made = Environment(
        loader=PackageLoader("services.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        seen=seen, defanged=defanged, percent=percent, when=lambda at: f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
    )
    made.globals.update(words=words, say=words.sentence, case_state=case_state, may_decide=may_decide)
    return made


class Pages:
    """The routes."""

    def __init__(self, room: Room, guard: Guard, api: Api, dead: DeadLetters) -> None:
        self._room = room
        self._guard = guard
        self._api, self._cases = api, Cases(room)
        self._dead = dead
        self._templates = environment()
        folder = files("services.console").joinpath("static")
        self._static = {name: folder.joinpath(name).read_bytes() for name in STATIC}

    def open_router(self) -> APIRouter:
        """What one sees before signing in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/sign-in", self.sign_in_page, methods=["GET"])
        router.add_api_route("/sign-in", self.sign_in, methods=["POST"])
        router.add_api_route("/static/{name}", self.static, methods=["GET"])
        return router

    def router(self) -> APIRouter:
        """What one sees afterwards."""
        router = APIRouter(include_in_schema=False, dependencies=[Depends(self._guard)])
        router.add_api_route("/", self.now, methods=["GET"])
        router.add_api_route("/cases/{case_id}", self.case, methods=["GET"])
        router.add_api_route("/blocks", self.blocks, methods=["GET"])
        router.add_api_route("/quarantine", self.quarantine, methods=["GET"])
        router.add_api_route("/dead", self.dead, methods=["GET"])
        router.add_api_route("/sign-out", self.sign_out, methods=["POST"])
        router.add_api_route("/blocks/{block_id}/remove", self.unblock, methods=["POST"])
        router.add_api_route("/cases/{case_id}/analyse", self.analyse, methods=["POST"])
        router.add_api_route("/quarantine/{held_id}/{recipient}", self.decide, methods=["POST"])
        return router

    async def static(self, name: str) -> Response:
        """The style sheet and the script."""
        if name not in self._static:
            raise Problem(HTTPStatus.NOT_FOUND, "no such file")
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return Response(self._static[name], media_type=STATIC[name], headers=headers)

    async def sign_in_page(self) -> Response:
        """One field."""
        return self._page("sign-in.html", wrong=False)

    async def sign_in(self, request: Request, token: Annotated[str, Form(max_length=500)] = "") -> Response:
        """Open a session."""
        if not self._guard.is_token(request, token):
            return self._page("sign-in.html", HTTPStatus.UNAUTHORIZED, wrong=True)
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, self._guard.session(), max_age=SESSION_MAX_AGE_S, httponly=True, samesite="strict", secure=secure
        )
        return answer

    async def sign_out(self) -> Response:
        """Close the session."""
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE)
        return answer

    async def now(self) -> Response:
        """What happens now."""
        at = now()
        database = self._room.database
        counts = await database.look(lambda session: stats(session, at))
        cases = await database.look(lambda session: newest(session, Case, limit=20))
        reports = await database.look(lambda session: newest(session, Report, limit=15))
        lines = await database.look(lambda session: newest_activity(session, 30))
        return self._page(
            "now.html", stats=counts, dead=await self._dead.count(), cases=cases, reports=reports, lines=lines
        )

    async def case(self, case_id: str) -> Response:
        """One case."""
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        if story is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case")
        return self._page("case.html", **story)

    async def blocks(self) -> Response:
        """Entries."""
        rows = await self._room.database.look(lambda session: newest(session, Block, limit=200))
        return self._page("blocks.html", blocks=rows)

    async def quarantine(self) -> Response:
        """Held mail."""
        rows = await self._room.database.look(lambda session: copies(session, 200))
        return self._page("quarantine.html", copies=rows)

    async def dead(self) -> Response:
        """Dead letters."""
        return self._page("dead.html", letters=await self._dead.newest(100))

    async def unblock(self, block_id: str) -> Response:
        """A button: remove an entry."""
        await self._api.unblock(block_id)
        return RedirectResponse("/blocks", HTTPStatus.SEE_OTHER)

    async def analyse(self, case_id: str) -> Response:
        """A button: analyse again."""
        await self._cases.analyse(case_id)
        return RedirectResponse(f"/cases/{case_id}", HTTPStatus.SEE_OTHER)

    async def decide(
        self, held_id: str, recipient: str, decision: Annotated[str, Form(pattern="^(approved|denied)$")]
    ) -> Response:
        """Two buttons: approve or deny."""
        await self._api.decide(held_id, recipient, Decision.model_validate({"decision": decision}))
        return RedirectResponse("/quarantine", HTTPStatus.SEE_OTHER)

    def _page(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(**values), status, headers=SECURITY)

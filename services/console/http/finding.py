"""The queue, searching, and what an entry would have hit, over HTTP: the questions that pages ask."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.models import answers, found_model, page_model
from services.console.queries.finding import would_hit
from services.console.queries.queue import Wanted, cases
from services.console.tables import Case
from shared.events.vocabulary import BlockKind
from shared.web import Problem
from shared.work import now

#: How far back a preview looks.
PREVIEW = timedelta(days=30)

View = Literal["wait", "mine", "nobody", "overdue", "work", "threats", "done", "all"]


class QueueQuery(BaseModel):
    """Which cases."""

    view: View = "wait"
    q: str = Field(default="", max_length=200, description="words of subjects and addresses, or the beginning of an id")
    verdict: str = Field(default="", max_length=40)
    priority: str = Field(default="", max_length=40)
    before: str = Field(default="", max_length=200, description="`next` of the page before")


class Finding:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._look = desk, desk.room.database.look

    def router(self) -> APIRouter:
        """Both; before the lists, whose ids would take their last words."""
        router, behind = self._desk.router(), self._desk.behind()
        queue, hits = answers(page_model(Case), "a page"), answers(found_model(), "what it would have hit")
        router.add_api_route("/cases/queue", self.queue, methods=["GET"], dependencies=behind, responses=queue)
        router.add_api_route("/blocks/preview", self.preview, methods=["GET"], dependencies=behind, responses=hits)
        return router

    async def queue(self, person: Asking, asked: Annotated[QueueQuery, Query()]) -> JSONResponse:
        """Cases as the queue shows them: those that wait, in their turn. With words, the newest matches first.

        Raises:
            Problem: 400 the cursor is none of ours.
        """
        wanted = Wanted(query=asked.q, me=person.name, **asked.model_dump(exclude={"q"}))
        try:
            rows, cursor = await self._look(lambda session: cases(session, wanted, now()))
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the cursor is wrong", str(error)) from error
        return JSONResponse({"items": [row.model_dump(mode="json") for row in rows], "next": cursor})

    async def preview(
        self, kind: BlockKind, value: Annotated[str, Query(min_length=1, max_length=2048)]
    ) -> JSONResponse:
        """Reported and held mail of the last 30 days that an entry would have met, the newest first; `cut`: older ones were not looked at."""
        met = await self._look(lambda session: would_hit(session, kind, value, now() - PREVIEW))
        return JSONResponse(
            {
                "reports": [row.model_dump(mode="json") for row in met.reports],
                "held": [row.model_dump(mode="json") for row in met.held],
                "cut": met.is_cut,
            }
        )

"""Submissions and verdicts: every version, what is in analysis, and what was given up."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing
from services.console.queries import newest
from services.console.queries.counters import standing
from services.console.queries.entries import Paged, verdicts
from services.console.queries.queue import Wanted, cases
from services.console.tables import Case, Failure
from shared.web import Problem
from shared.work import now

VIEWS = {"verdicts": "Verdicts", "running": "In analysis", "failed": "Given up"}

Word = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")]


class VerdictPage:
    """The route."""

    def __init__(self, show: Showing) -> None:
        self._show = show

    def router(self) -> APIRouter:
        """It."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/verdicts", self.page, methods=["GET"], dependencies=self._show.look)
        return router

    async def page(
        self, person: Asking, view: Word = "verdicts", category: Word = "", before: Annotated[str, Query(max_length=200)] = "",
        done: Word = "",
    ) -> Response:  # fmt: skip
        """The history."""
        view = view if view in VIEWS else "verdicts"
        wanted = Paged(view=view, kind=category, before=before)
        try:
            told = await self._show.database.look(lambda session: _told(session, wanted))
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the place in the list is none", str(error)) from error
        return await self._show.page("verdicts.html", person, done=done, wanted=wanted, views=VIEWS, **told)


def _told(session: Session, wanted: Paged) -> dict[str, Any]:
    told: dict[str, Any] = {"verdicts": [], "running": [], "failures": [], "more": ""}
    told["count"] = standing(session, "case").get("work", 0)
    if wanted.view == "running":
        told["running"], told["more"] = cases(session, Wanted(view="work", before=wanted.before), now())
    elif wanted.view == "failed":
        told["failures"] = newest(session, Failure, limit=50, before=wanted.before)
    else:
        told["verdicts"], told["more"] = verdicts(session, wanted)
    ids = {row.case_id for row in (*told["verdicts"], *told["failures"])}
    told["cases"] = {case.id: case for case in session.exec(select(Case).where(col(Case.id).in_(ids)))}
    return told

"""The lists of the read model over HTTP: pages by cursor, the newest first, by the values of some columns."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from services.console.http.desk import Desk
from services.console.http.models import answers, page_model, row_model
from services.console.queries import newest, page_of
from services.console.tables import Block, Case, Copy, Failure, Held, Notification, Purge, Report, Row, Verdict
from shared.web import Problem

Limit = Annotated[int, Query(ge=1, le=500, description="rows of a page")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before")]
Word = Annotated[str, Query(max_length=320)]


@dataclass(frozen=True, slots=True)
class List:
    """A list: its rows, and the columns it may be narrowed by."""

    kind: type[Row]
    by: tuple[str, ...] = ()


LISTS = {
    "reports": List(Report, ("case_id", "category", "reporter", "from_address", "state")),
    "cases": List(Case, ("owner", "decision", "priority", "verdict_category")),
    "verdicts": List(Verdict, ("case_id", "category", "submission_id")),
    "failures": List(Failure, ("case_id",)),
    "blocks": List(Block, ("status", "kind", "value", "case_id")),
    "quarantine": List(Copy, ("status", "held_id", "recipient")),
    "held": List(Held, ("from_address", "reason")),
    "purges": List(Purge, ("status", "case_id", "by")),
    "notifications": List(Notification, ("kind", "recipient")),
}

Answer = Callable[..., Coroutine[Any, Any, JSONResponse]]


class Lists:
    """The routes: `/v1/NAME` and, where an id is one word, `/v1/NAME/{id}`."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._look = desk, desk.room.database.look

    def router(self) -> APIRouter:
        """All of them."""
        router, behind = self._desk.router(), self._desk.behind()
        for name, one in LISTS.items():
            answer = answers(page_model(one.kind), "a page")
            router.add_api_route(
                f"/{name}", self._list(one), methods=["GET"], name=f"list {name}", responses=answer, dependencies=behind
            )
        for name in ("reports", "blocks", "held"):
            kind = LISTS[name].kind
            router.add_api_route(
                f"/{name}/{{row_id}}",
                self._row(kind),
                methods=["GET"],
                name=f"get one of {name}",
                responses=answers(row_model(kind), "the row"),
                dependencies=behind,
            )
        return router

    def _list(self, one: List) -> Answer:
        async def rows(limit: Limit = 100, before: Cursor = "", **by: str) -> JSONResponse:
            try:
                found = await self._look(lambda session: newest(session, one.kind, limit=limit, before=before, **by))
            except ValueError as error:
                raise Problem(HTTPStatus.BAD_REQUEST, "the cursor is wrong", str(error)) from error
            return JSONResponse(page_of(found, limit))

        # FastAPI reads the parameters from the signature
        own = [
            Parameter("limit", Parameter.KEYWORD_ONLY, default=100, annotation=Limit),
            Parameter("before", Parameter.KEYWORD_ONLY, default="", annotation=Cursor),
        ]
        more = [Parameter(name, Parameter.KEYWORD_ONLY, default="", annotation=Word) for name in one.by]
        vars(rows)["__signature__"] = Signature([*own, *more], return_annotation=JSONResponse)
        rows.__doc__ = f"{(one.kind.__doc__ or '').splitlines()[0]} A page of them, the newest first."
        return rows

    def _row(self, kind: type[Row]) -> Answer:
        async def row(row_id: str) -> JSONResponse:
            found = await self._look(lambda session: session.get(kind, row_id))
            if found is None:
                raise Problem(HTTPStatus.NOT_FOUND, "there is none of this id", "the list shows them")
            return JSONResponse(found.model_dump(mode="json"))

        row.__doc__ = (kind.__doc__ or "").splitlines()[0]
        return row

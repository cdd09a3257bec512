"""The queue of cases, and what is done with several at once."""

from http import HTTPStatus
from itertools import groupby
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from services.console.http.case_forms import CaseDecision, Edit
from services.console.http.cases import Cases
from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing, back
from services.console.queries.counters import at_most, overdue, standing
from services.console.queries.queue import VIEWS, Wanted, cases
from services.console.tables import Case
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory
from shared.web import Problem
from shared.work import now

#: Cases that are decided at once.
AT_ONCE_MAX = 200

GROUPS = {"from_address": "Sender", "verdict_category": "Verdict", "priority": "Priority", "owner": "Owner"}

Word = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$")]


class Asked(BaseModel):
    """Which cases a page shows."""

    view: Word = ""
    q: Annotated[str, Field(max_length=300)] = ""
    verdict: Word = ""
    priority: Word = ""
    group: Word = ""
    before: Annotated[str, Field(max_length=200)] = ""
    done: Annotated[str, Field(max_length=60)] = ""


class Decision(BaseModel):
    """What cases are, as a form says it. A block is asked for only where that is bad."""

    category: VerdictCategory
    comment: Annotated[str, Field(max_length=1000)] = ""
    notify: bool = False
    block: bool = False

    def of_case(self) -> CaseDecision:
        """As the API takes it."""
        block = self.block and self.category in BAD_CATEGORIES
        return CaseDecision(category=self.category, comment=self.comment, notify=self.notify, block=block)


class Deed(BaseModel):
    """What is done with all cases that are marked, and the page to come back to."""

    ids: Annotated[list[str], Field(min_length=1, max_length=AT_ONCE_MAX)]
    act: Literal["decide", "assign", "drop"] = "decide"
    category: VerdictCategory | None = None
    comment: Annotated[str, Field(max_length=1000)] = ""
    notify: bool = False
    block: bool = False
    path: Annotated[str, Field(max_length=1000)] = "/cases"


class Queue:
    """The routes."""

    def __init__(self, show: Showing, api: Cases) -> None:
        self._show, self._api = show, api

    def router(self) -> APIRouter:
        """All of them."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/cases", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/cases/act", self.act, methods=["POST"], dependencies=self._show.act)
        return router

    async def page(self, person: Asking, asked: Annotated[Asked, Query()]) -> Response:
        """The queue."""
        view = "all" if asked.q.strip() else asked.view if asked.view in VIEWS else "wait"  # a search finds all
        wanted = Wanted(view, asked.q.strip(), asked.verdict, asked.priority, asked.before, person.name)

        def look(session: Session) -> dict[str, Any]:
            found, more = cases(session, wanted, now())
            stands = standing(session, "case")
            mine = at_most(session, Case.owner == person.name, Case.stage == "wait", kind=Case)
            counts = {
                "wait": stands.get("wait", 0),
                "mine": mine,
                "overdue": overdue(session, now()),
                "work": stands.get("work", 0),
            }
            return {"cases": found, "more": more, "counts": counts}

        try:
            told = await self._show.database.look(look)
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the place in the list is none", str(error)) from error
        group = asked.group if asked.group in GROUPS else ""
        told["groups"] = grouped(told["cases"], group)
        saved = await self._show.desk.access.kept.of(person.name, "cases")
        return await self._show.page(
            "cases.html",
            person,
            done=asked.done,
            wanted=wanted,
            group=group,
            views=VIEWS,
            by=GROUPS,
            saved=saved,
            **told,
        )

    async def act(self, person: Asking, deed: Annotated[Deed, Form()]) -> Response:
        """Decide, take over or give back all cases that are marked."""
        ids = deed.ids
        if deed.act != "decide":
            owner = person.name if deed.act == "assign" else ""
            for one in ids:
                await self._api.edit(one, Edit(owner=owner), person)
            await self._show.seen(lambda session: not _left(session, ids, Case.owner != owner))
            return back(deed.path, f"{'taken' if owner else 'given'}:{len(ids)}")
        if deed.category is None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing was decided", "say what the marked cases are")
        decision = Decision.model_validate(deed.model_dump(include=set(Decision.model_fields)))
        for one in ids:
            await self._api.decide(one, decision.of_case(), person)
        await self._show.seen(lambda session: not _left(session, ids, Case.stage == "wait"))
        return back(deed.path, f"decided:{len(ids)}")


def grouped(rows: list[Case], by: str) -> list[tuple[str, list[Case]]]:
    """The cases of a page in groups, the largest first; without `by` all in one."""
    if not by:
        return [("", rows)]
    ordered = sorted(rows, key=lambda case: str(getattr(case, by)))
    groups = [(key, list(some)) for key, some in groupby(ordered, key=lambda case: str(getattr(case, by)))]
    return sorted(groups, key=lambda group: -len(group[1]))


def _left(session: Session, ids: list[str], where: Any) -> bool:
    return session.exec(select(Case.id).where(col(Case.id).in_(ids), where).limit(1)).first() is not None

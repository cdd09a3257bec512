"""The first page: what happens now, whether all is well, and what needs a person."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from services.console.contract import CONTRACT
from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing
from services.console.pipeline import Pipeline
from services.console.queries import newest_activity, series, stats
from services.console.queries.counters import expiring, overdue
from services.console.queries.queue import Wanted, cases
from services.console.tables import Activity, Case, Report
from services.console.words import CATEGORIES
from shared.work import now

#: Days of the small charts, lines of the stream, cases that are shown.
DAYS, LINES, CASES = 14, 120, 8

#: What the live stream may bring, by the names of its events.
KINDS = tuple(kind.STREAM.removesuffix(".v1") for kind in CONTRACT.reads)


class Now:
    """The routes."""

    def __init__(self, show: Showing, pipeline: Pipeline) -> None:
        self._show, self._pipeline = show, pipeline

    def router(self) -> APIRouter:
        """All of them."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/now/health", self.health, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/keys", self.keys, methods=["GET"], dependencies=self._show.look)
        return router

    async def page(self, person: Asking, done: str = "") -> Response:
        """Everything at a glance."""
        told = await self._show.database.look(lambda session: _told(session, now(), person.name))
        flow = await self._pipeline.flow()
        return await self._show.page("now.html", person, done=done, flow=flow, kinds=KINDS, **told)

    async def health(self, person: Asking) -> Response:
        """The part that a script renews."""
        return self._show.desk.views.page("health.html", person=person, flow=await self._pipeline.flow())

    async def keys(self, person: Asking) -> Response:
        """What the keyboard does."""
        return await self._show.page("keys.html", person)


def _told(session: Session, at: datetime, me: str) -> dict[str, Any]:
    since = at.date() - timedelta(days=DAYS - 1)
    reports = series(session, "report", since=since, until=at.date())
    verdicts = series(session, "verdict", since=since, until=at.date())
    lines = newest_activity(session, LINES)
    mine = select(Case.id).where(Case.owner == me, Case.stage == "wait").limit(100)
    return {
        "stats": stats(session, at),
        "overdue": overdue(session, at),
        "expiring": expiring(session, at),
        "mine": len(session.exec(mine).all()),
        "lines": list(zip(lines, _paths(lines, session), strict=True)),
        "waiting": cases(session, Wanted(), at, CASES)[0],
        "reports_by_day": [sum(day) for day in zip(*reports.values(), strict=True)] or [0] * DAYS,
        "verdicts_by_day": {word: verdicts[word] for word in CATEGORIES if word in verdicts},
    }


def _paths(lines: list[Activity], session: Session) -> list[str]:
    """Where each line leads: to what it is about. A report came before anybody knew its case."""
    reports = {line.report_id for line in lines if line.report_id and not line.case_id}
    cases = dict(session.exec(select(Report.id, Report.case_id).where(col(Report.id).in_(reports))).all())
    return [
        about(purge_id=line.purge_id, case_id=line.case_id or cases.get(line.report_id, ""), held_id=line.held_id)
        for line in lines
    ]


def about(*, purge_id: str, case_id: str, held_id: str) -> str:
    """The page of what a line is about; empty when it has none."""
    pages = (("purges", purge_id), ("cases", case_id), ("quarantine", held_id))
    return next((f"/{page}/{key}" for page, key in pages if key), "")

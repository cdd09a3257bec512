"""Reports: how much was reported, what it was, how long it took, who is right, and who is aimed at."""

from collections.abc import Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from services.console.handlers.tallies import WAITS_S
from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing
from services.console.queries.counters import series, top
from services.console.rules.sheet import sheet
from services.console.tables import Reporter
from services.console.words import CATEGORIES, WAITS
from shared.web import Problem
from shared.work import now

#: Choices of how far back, in days; lines of the tables.
SPANS, TOP = (7, 30, 90, 365), 15

#: Days up to which a bar is a day; it is a week then.
DAILY_MAX, WEEK = 92, 7

#: Lines of a file.
SHEET_MAX = 10_000

Days = Annotated[int, Query(ge=1, le=366)]


class ReportPage:
    """The routes."""

    def __init__(self, show: Showing) -> None:
        self._show = show

    def router(self) -> APIRouter:
        """All of them."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/reports", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/reports/{what}.csv", self.file, methods=["GET"], dependencies=self._show.look)
        return router

    async def page(self, person: Asking, days: Days = 30) -> Response:
        """Charts."""
        told = await self._show.database.look(lambda session: _told(session, now().date(), days))
        return await self._show.page("reports.html", person, days=days, spans=SPANS, **told)

    async def file(self, what: str, days: Days = 30) -> Response:
        """One of the tables as CSV.

        Raises:
            Problem: 404 there is no such table.
        """
        if what not in SHEETS:
            raise Problem(HTTPStatus.NOT_FOUND, "no such list", f"there are {', '.join(SHEETS)}")
        today = now().date()
        names, rows = await self._show.database.look(lambda session: SHEETS[what](session, today, days))
        headers = {
            "Content-Disposition": f'attachment; filename="longstop-{what}-{today}.csv"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Response(sheet(names, rows), media_type="text/csv; charset=utf-8", headers=headers)


def _told(session: Session, today: date, days: int) -> dict[str, Any]:
    since = today - timedelta(days=days - 1)
    reports, verdicts = (series(session, what, since=since, until=today) for what in ("report", "verdict"))
    waits = {word: sum(n) for word, n in series(session, "wait", since=since, until=today).items()}
    known = sum(waits.values())
    step = WEEK if days > DAILY_MAX else 1
    return {
        "step": step,
        "dates": [since + timedelta(days=n) for n in range(0, days, step)],
        "reports": {word: together(reports[word], step) for word in CATEGORIES if word in reports},
        "verdicts": {word: together(verdicts[word], step) for word in CATEGORIES if word in verdicts},
        "waits": [(WAITS[word], waits.get(word, 0)) for word in (*map(str, WAITS_S), "more")],
        "within_minute": round(100 * sum(waits.get(str(limit), 0) for limit in WAITS_S if limit <= 60) / known)
        if known
        else None,
        "reporters": _reporters(session, TOP),
        "targets": top(session, "target", since=since.replace(day=1), limit=TOP),
    }


def together(numbers: Sequence[int], step: int) -> list[int]:
    """The sums of every `step` numbers."""
    return [sum(numbers[start : start + step]) for start in range(0, len(numbers), step)]


def _reporters(session: Session, limit: int) -> list[Reporter]:
    return list(
        session.exec(select(Reporter).order_by(col(Reporter.report_count).desc(), col(Reporter.id).desc()).limit(limit))
    )


def _by_day(measure: str) -> Any:
    def rows(session: Session, today: date, days: int) -> tuple[Sequence[str], list[Sequence[object]]]:
        since = today - timedelta(days=days - 1)
        found = series(session, measure, since=since, until=today)
        words = [word for word in (*CATEGORIES, *WAITS) if word in found]
        return ("day", *words), [(since + timedelta(days=n), *(found[word][n] for word in words)) for n in range(days)]

    return rows


def _reporter_rows(session: Session, _today: date, _days: int) -> tuple[Sequence[str], list[Sequence[object]]]:
    names = ("reporter", "reports", "right", "wrong", "last_at")
    return names, [
        (row.id, row.report_count, row.right, row.wrong, row.last_at) for row in _reporters(session, SHEET_MAX)
    ]


def _target_rows(session: Session, today: date, days: int) -> tuple[Sequence[str], list[Sequence[object]]]:
    since = (today - timedelta(days=days - 1)).replace(day=1)
    return ("recipient", "bad_mails"), [*top(session, "target", since=since, limit=SHEET_MAX)]


SHEETS: dict[str, Any] = {
    "reports": _by_day("report"),
    "verdicts": _by_day("verdict"),
    "waits": _by_day("wait"),
    "reporters": _reporter_rows,
    "targets": _target_rows,
}

"""Held mail: who asks for what, and approve or deny in words."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Response
from sqlmodel import Session, col, select

from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing, back
from services.console.queries.counters import standing
from services.console.queries.entries import COPY_VIEWS, Paged, copies
from services.console.rules.standing import may_decide
from services.console.tables import Activity, Copy, Held
from shared.events import ReleaseDecided
from shared.web import Problem

#: Copies that are decided at once.
AT_ONCE_MAX = 200

Word = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")]


class QuarantinePage:
    """The routes."""

    def __init__(self, show: Showing) -> None:
        self._show = show

    def router(self) -> APIRouter:
        """All of them."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/quarantine", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/quarantine/act", self.act, methods=["POST"], dependencies=self._show.act)
        router.add_api_route("/quarantine/{held_id}", self.held, methods=["GET"], dependencies=self._show.look)
        return router

    async def page(
        self, person: Asking, view: Word = "", q: Annotated[str, Query(max_length=300)] = "",
        before: Annotated[str, Query(max_length=200)] = "", done: Annotated[str, Query(max_length=60)] = "",
    ) -> Response:  # fmt: skip
        """Copies; what is asked for comes first."""

        def look(session: Session) -> dict[str, Any]:
            stands = standing(session, "copy")
            asked = stands.get("release_requested", 0)
            wanted = Paged(
                view=view if view in COPY_VIEWS else "asked" if asked and not q else "held",
                query=q.strip(),
                before=before,
            )
            rows, more = copies(session, wanted)
            counts = {"asked": asked, "held": stands.get("held", 0), "failed": stands.get("release_failed", 0)}
            return {"copies": rows, "more": more, "counts": counts, "wanted": wanted}

        try:
            told = await self._show.database.look(look)
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the place in the list is none", str(error)) from error
        return await self._show.page("quarantine.html", person, done=done, views=COPY_VIEWS, **told)

    async def act(
        self, person: Asking, ids: Annotated[list[str], Form(max_length=AT_ONCE_MAX)],
        decision: Annotated[Literal["approved", "denied"], Form()], comment: Annotated[str, Form(max_length=1000)] = "",
        path: Annotated[str, Form(max_length=1000)] = "/quarantine",
    ) -> Response:  # fmt: skip
        """Approve or deny all copies that are marked; the words go to their recipients."""
        rows = await self._show.database.look(
            lambda session: list(session.exec(select(Copy).where(col(Copy.id).in_(ids))))
        )
        rows = [row for row in rows if may_decide(status=row.status)]
        for row in rows:
            event = ReleaseDecided(
                held_id=row.held_id, recipient=row.recipient, decision=decision, by=person.name, comment=comment
            )
            await self._show.desk.acts.say(person, f"release.{decision}", row.id, event, comment=comment)
        await self._show.seen(lambda session: _are_decided(session, [row.id for row in rows]))
        return back(path, f"{decision}:{len(rows)}")

    async def held(self, held_id: str, person: Asking, done: Annotated[str, Query(max_length=60)] = "") -> Response:
        """One held mail with all its copies."""
        told = await self._show.database.look(lambda session: _told(session, held_id))
        if told is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such held mail", "it may have been forgotten after its time")
        mail = str(told["held"].message.get("sha256", ""))
        until = await self._show.desk.access.looks.until(person, mail) if mail else None
        return await self._show.page("held.html", person, done=done, mail=mail, until=until, **told)


def _told(session: Session, held_id: str) -> dict[str, Any] | None:
    held = session.get(Held, held_id)
    if held is None:
        return None
    rows = list(session.exec(select(Copy).where(Copy.held_id == held_id).order_by(Copy.recipient).limit(500)))
    lines = select(Activity).where(Activity.held_id == held_id).order_by(col(Activity.id).desc()).limit(100)
    return {"held": held, "copies": rows, "activity": list(session.exec(lines)), "facts": held.message}


def _are_decided(session: Session, ids: list[str]) -> bool:
    open_ = select(Copy.id).where(col(Copy.id).in_(ids), col(Copy.status).in_(("held", "release_requested")))
    return session.exec(open_.limit(1)).first() is None

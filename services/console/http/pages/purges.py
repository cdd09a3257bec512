"""Purges: plans that wait for somebody, what became of each mailbox, and the way back."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session

from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing, back
from services.console.http.purge_forms import Approval, NewPurge, Undo
from services.console.http.purges import Purges, Route, why_not
from services.console.queries.counters import standing
from services.console.queries.entries import Paged
from services.console.queries.purges import BOXES_MAX, PURGE_VIEWS, STATUSES, purge_story, purges
from services.console.rules.purging import may_restore, may_withdraw
from services.console.tables import Purge
from shared.web import Problem
from shared.work import now

Word = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")]
Text = Annotated[str, Form(max_length=1000)]

#: What is under way: the page looks again by itself, and a form waits a moment for its end.
UNDER_WAY = ("planning", "running", "restoring")


class Wanted(BaseModel):
    """The form of a purge, on a case. `days` 0: whenever it was delivered."""

    case_id: Annotated[str, Field(max_length=64)] = ""
    mail: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    which: Literal["same", "like"] = "same"
    days: Annotated[int, Field(ge=0, le=3_650)] = 7
    where: Literal["known", "named", "all"] = "known"
    mailboxes: Annotated[str, Field(max_length=100_000)] = ""
    reason: Annotated[str, Field(max_length=1000)] = ""
    force: bool = False
    tell_users: bool = False

    def purge(self) -> NewPurge:
        """The same, as the API takes it."""
        since = now() - timedelta(days=self.days) if self.days else None
        names = self.mailboxes.replace(",", " ").replace(";", " ").split()
        try:
            return NewPurge(since=since, mailboxes=names, **self.model_dump(exclude={"days", "mailboxes"}))
        except ValidationError:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "this cannot be asked for", "look at the names") from None


#: What was asked for is said while the purge stands so; after that the page itself says what came of it.
STILL = {"purge": ("planning",), "purge_approved": ("running",), "purge_restore": ("restoring",)}


class PurgePage:
    """The routes; what they do is done by those of the API."""

    def __init__(self, show: Showing, api: Purges) -> None:
        self._show, self._api = show, api

    def router(self) -> APIRouter:
        """All of them."""
        router, act, one = APIRouter(include_in_schema=False), self._show.act, "/purges/{purge_id}"
        router.add_api_route("/purges", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/purges", self.ask, methods=["POST"], dependencies=act)
        router.add_api_route(one, self.purge, methods=["GET"], dependencies=self._show.look)
        acts: dict[str, Route] = {
            "approve": self.approve,
            "withdraw": self.withdraw,
            "again": self.again,
            "restore": self.restore,
        }
        for verb, route in acts.items():
            router.add_api_route(f"{one}/{verb}", route, methods=["POST"], dependencies=act)
        return router

    async def page(
        self,
        person: Asking,
        view: Word = "",
        before: Annotated[str, Query(max_length=200)] = "",
        done: Annotated[str, Query(max_length=60)] = "",
    ) -> Response:
        """Purges, the newest first."""
        wanted = Paged(view=view if view in PURGE_VIEWS else "all", before=before)

        def look(session: Session) -> dict[str, Any]:
            rows, more = purges(session, wanted)
            stands = standing(session, "purge")
            counts = {name: sum(stands.get(one, 0) for one in of) for name, of in STATUSES.items()}
            return {"purges": rows, "more": more, "counts": counts}

        try:
            told = await self._show.database.look(look)
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the place in the list is none", str(error)) from error
        return await self._show.page("purges.html", person, done=done, wanted=wanted, views=PURGE_VIEWS, **told)

    async def purge(self, purge_id: str, person: Asking, done: Annotated[str, Query(max_length=60)] = "") -> Response:
        """One purge: its plan, or what came of it, in each mailbox."""
        story = await self._show.database.look(lambda session: purge_story(session, purge_id))
        if story is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such purge", "it may have been forgotten after its time")
        purge = story["purge"]
        may_do = {
            "why_not": why_not(purge, person, person.name),
            "can_withdraw": may_withdraw(status=purge.status),
            "can_restore": may_restore(status=purge.status, moved=purge.moved_count),
            "under_way": purge.status in UNDER_WAY,
        }
        done = done if purge.status in STILL.get(done, (purge.status,)) else ""
        told = {**story, **may_do}
        return await self._show.page("purge.html", person, done=done, boxes_max=BOXES_MAX, **told)

    async def ask(self, person: Asking, wanted: Annotated[Wanted, Form()]) -> Response:
        """Ask for a purge, then show its plan."""
        asked = await self._api.ask(wanted.purge(), person)
        return await self._shown(asked.purge_id, "purge", "planning")

    async def approve(self, purge_id: str, person: Asking, plan: Annotated[int, Form(ge=1, le=2**31 - 1)]) -> Response:
        """Stand for the plan that was shown."""
        await self._api.approve(purge_id, Approval(plan=plan), person)
        return await self._shown(purge_id, "purge_approved", "planned", "second", "running")

    async def withdraw(self, purge_id: str, person: Asking) -> Response:
        """End it."""
        await self._api.withdraw(purge_id, person)
        return await self._shown(purge_id, "purge_withdrawn", "planning", "planned", "second")

    async def again(self, purge_id: str, person: Asking) -> Response:
        """Plan the same once more."""
        asked = await self._api.again(purge_id, person)
        return await self._shown(asked.purge_id, "purge", "planning")

    async def restore(
        self,
        purge_id: str,
        person: Asking,
        boxes: Annotated[list[Annotated[str, Field(max_length=320)]] | None, Form(max_length=BOXES_MAX)] = None,
        which: Annotated[Literal["all", "marked"], Form()] = "all",
        reason: Text = "",
    ) -> Response:
        """Put all back, or the mails of the marked mailboxes."""
        if which == "marked" and not boxes:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "no mailbox is marked", "mark some, or put all back")
        names = boxes or [] if which == "marked" else []
        before = await self._show.database.look(lambda session: _ended(session, purge_id))
        await self._api.restore(purge_id, Undo(mailboxes=names, reason=reason.strip()), person)
        await self._show.seen(lambda session: _ended(session, purge_id) > before)
        return back(f"/purges/{purge_id}", "purge_restore")

    async def _shown(self, purge_id: str, done: str, *not_yet: str) -> Response:
        """The purge, after a moment for the streams to tell what came of an act."""
        await self._show.seen(lambda session: _status(session, purge_id) not in ("", *not_yet))
        return back(f"/purges/{purge_id}", done)


def _status(session: Session, purge_id: str) -> str:
    purge = session.get(Purge, purge_id)
    return purge.status if purge else ""


def _ended(session: Session, purge_id: str) -> int:
    """How many of its restores have ended."""
    purge = session.get(Purge, purge_id)
    return sum(bool(one["finished_at"]) for one in purge.restores) if purge else 0

"""What operators do with purges, over HTTP. 202 says that it was asked for; the streams say when it was done."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.console.http.answers import etag_of, must_match
from services.console.http.case_forms import IfMatch
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.lists import Cursor, Limit, Word
from services.console.http.models import answers, page_model, purge_model
from services.console.http.purge_forms import Approval, NewPurge, PurgeAsked, RestoreAsked, Undo, Withdrawal
from services.console.queries import newest, page_of
from services.console.queries.purges import people_of, purge_story, reports_like
from services.console.rules.access import Person, actor, may
from services.console.rules.purging import is_enough, match_of, may_restore, may_withdraw, own, why_not_approved
from services.console.tables import Purge, PurgeBox
from shared.events import Event, PurgeApproved, PurgeMatch, PurgeRequested, PurgeWithdrawn, RestoreRequested
from shared.web import Problem
from shared.work import now

Route = Callable[..., Any]


class Purges:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._acts, self._look = desk, desk.acts, desk.room.database.look

    def router(self) -> APIRouter:
        """All of them."""
        router, one, accepted = self._desk.router("/purges"), "/{purge_id}", HTTPStatus.ACCEPTED
        look, act = self._desk.behind(), self._desk.act()
        story, boxes = answers(purge_model(), "the purge and its mailboxes"), answers(page_model(PurgeBox), "a page")
        router.add_api_route("", self.ask, methods=["POST"], status_code=accepted, dependencies=act)
        router.add_api_route(one, self.story, methods=["GET"], dependencies=look, responses=story)
        router.add_api_route(f"{one}/mailboxes", self.boxes, methods=["GET"], dependencies=look, responses=boxes)
        acts: dict[str, Route] = {
            "approval": self.approve,
            "withdrawal": self.withdraw,
            "again": self.again,
            "restore": self.restore,
        }
        for verb, route in acts.items():
            router.add_api_route(f"{one}/{verb}", route, methods=["POST"], status_code=accepted, dependencies=act)
        return router

    async def story(self, purge_id: str) -> JSONResponse:
        """One purge with its mailboxes (500 at most) and history. Its ETag is for If-Match.

        Raises:
            Problem: 404 there is no such purge.
        """
        story = await self._look(lambda session: purge_story(session, purge_id))
        if story is None:
            raise _none()
        rows = {name: [row.model_dump(mode="json") for row in story[name]] for name in ("mailboxes", "activity")}
        return JSONResponse({"purge": story["purge"].model_dump(mode="json"), **rows})

    async def boxes(self, purge_id: str, limit: Limit = 100, before: Cursor = "", result: Word = "") -> JSONResponse:
        """The mailboxes of a purge. A page of them.

        Raises:
            Problem: 400 the cursor is none of ours; 404 there is no such purge.
        """
        await self._purge(purge_id)
        where = {"purge_id": purge_id, "result": result}
        try:
            found = await self._look(lambda session: newest(session, PurgeBox, limit=limit, before=before, **where))
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the cursor is wrong", str(error)) from error
        return JSONResponse(page_of(found, limit))

    async def ask(self, wanted: NewPurge, person: Asking) -> PurgeAsked:
        """Have a purge planned. What may not be purged is refused by `mailboxes`, and the purge says why.

        Raises:
            Problem: 403 only admins force; 404 the mail is not known; 422 it does not say which mails, or where.
        """
        if wanted.force and not may(person.role, "admin"):
            raise Problem(HTTPStatus.FORBIDDEN, "forcing needs the role admin", f"you are {person.role}")
        event = PurgeRequested(
            purge_id=self._acts.new_id(person),
            by=actor(person, wanted.by),
            match=await self._match(wanted),
            mailboxes=tuple(await self._mailboxes(wanted)),
            message_sha256=wanted.mail or None,
            **wanted.model_dump(include={"case_id", "reason", "force", "tell_users"}),
        )
        return await self._asked(person, event, by=wanted.by)

    async def approve(self, purge_id: str, approval: Approval, person: Asking, if_match: IfMatch = "") -> PurgeAsked:
        """Stand for a plan: it is acted on. Above a number of mailboxes that must be somebody else than who asked.

        Raises:
            Problem: 404 there is no such purge; 409 it is another plan, too old, or needs somebody else; 412 it has changed.
        """
        purge, by = await self._purge(purge_id, if_match), actor(person, approval.by)
        why = why_not(purge, person, by)
        if why or purge.plan != approval.plan:
            raise Problem(
                HTTPStatus.CONFLICT, "it is not approved", why or f"its plan is {purge.plan} by now: look again"
            )
        event = PurgeApproved(purge_id=purge_id, plan=approval.plan, by=by)
        counts = {"mailboxes": purge.hit_count, "mails": purge.message_count}
        await self._acts.say(person, "purge.approved", purge_id, event, plan=approval.plan, by=approval.by, **counts)
        return PurgeAsked(purge_id=purge_id)

    async def withdraw(
        self, purge_id: str, person: Asking, who: Withdrawal | None = None, if_match: IfMatch = ""
    ) -> PurgeAsked:
        """End a purge that has moved nothing yet.

        Raises:
            Problem: 404 there is no such purge; 409 it has begun, or has ended; 412 it has changed.
        """
        purge, by = await self._purge(purge_id, if_match), who.by if who else ""
        if not may_withdraw(status=purge.status):
            raise Problem(HTTPStatus.CONFLICT, "it has begun, or has ended", "what it moved can be restored")
        event = PurgeWithdrawn(purge_id=purge_id, by=actor(person, by))
        await self._acts.say(person, "purge.withdrawn", purge_id, event, by=by)
        return PurgeAsked(purge_id=purge_id)

    async def again(self, purge_id: str, person: Asking, who: Withdrawal | None = None) -> PurgeAsked:
        """Plan the same once more, as a purge of one's own; a plan that nobody has approved is withdrawn.

        Raises:
            Problem: 404 there is no such purge; 409 what it looked for was forgotten; 403 only admins force.
        """
        purge, by = await self._purge(purge_id), who.by if who else ""
        if not purge.match:
            raise Problem(HTTPStatus.CONFLICT, "what it looked for was forgotten", "ask for a new one")
        if purge.force and not may(person.role, "admin"):
            raise Problem(HTTPStatus.FORBIDDEN, "forcing needs the role admin", f"you are {person.role}")
        event = PurgeRequested(
            purge_id=self._acts.new_id(person),
            by=actor(person, by),
            match=PurgeMatch.model_validate(purge.match),
            mailboxes=tuple(purge.mailboxes),
            message_sha256=purge.message_sha256 or None,
            **purge.model_dump(include={"case_id", "reason", "force", "tell_users"}),
        )
        ended: list[Event] = []
        if may_withdraw(status=purge.status):
            ended = [PurgeWithdrawn(purge_id=purge_id, by=event.by)]
        return await self._asked(person, event, *ended, by=by)

    async def restore(self, purge_id: str, undo: Undo, person: Asking, if_match: IfMatch = "") -> RestoreAsked:
        """Put mails back where they were; what is still to be moved is not.

        Raises:
            Problem: 404 there is no such purge; 409 it has moved nothing; 412 it has changed.
        """
        purge = await self._purge(purge_id, if_match)
        if not may_restore(status=purge.status, moved=purge.moved_count):
            raise Problem(HTTPStatus.CONFLICT, "there is nothing to put back", f"the purge is {purge.status}")
        restore_id, by = self._acts.new_id(person), actor(person, undo.by)
        names = tuple(dict.fromkeys(undo.mailboxes))
        event = RestoreRequested(restore_id=restore_id, purge_id=purge_id, by=by, mailboxes=names, reason=undo.reason)
        await self._acts.say(person, "restore.requested", purge_id, event, mailboxes=len(names), by=undo.by)
        return RestoreAsked(restore_id=restore_id)

    async def _asked(self, person: Person, event: PurgeRequested, *more: Event, by: str) -> PurgeAsked:
        detail = {"case": event.case_id, "mailboxes": len(event.mailboxes) or "all", "reason": event.reason, "by": by}
        await self._acts.say(person, "purge.requested", event.purge_id, event, *more, **detail)
        return PurgeAsked(purge_id=event.purge_id)

    async def _purge(self, purge_id: str, if_match: str = "") -> Purge:
        purge = await self._look(lambda session: session.get(Purge, purge_id))
        if purge is None:
            raise _none()
        if if_match:
            must_match(if_match, etag_of(bytes((await self.story(purge_id)).body)))
        return purge

    async def _match(self, wanted: NewPurge) -> PurgeMatch:
        match = wanted.match
        if wanted.mail:
            reports = await self._look(lambda session: reports_like(session, mail=wanted.mail, case_id=""))
            known = next((report.message for report in reports if report.message), None)
            if known is None:
                raise Problem(HTTPStatus.NOT_FOUND, "this mail is not known", "name one that was reported")
            match = match_of(known, which=wanted.which, since=wanted.since)
        if match is None or not is_enough(match):
            words = "give a Message-ID and a second property; or a sender, a subject or text, and a time since when"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "it does not say which mails", words)
        return match

    async def _mailboxes(self, wanted: NewPurge) -> list[str]:
        if wanted.where == "all":
            return []
        found: list[str] = list(dict.fromkeys(wanted.mailboxes))
        if wanted.where == "known" and (wanted.mail or wanted.case_id):
            which: dict[str, Any] = {"mail": wanted.mail, "case_id": wanted.case_id}
            people = await self._look(lambda session: people_of(reports_like(session, **which)))
            found = own(people, self._desk.room.settings.own_domains)
        if not found:
            words = "name mailboxes, or look in all of them"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "it does not say where", words)
        return found


def why_not(purge: Purge, person: Person, name: str) -> str:
    """Why somebody who acts as `name` cannot approve its plan now; empty when they can."""
    return why_not_approved(
        status=purge.status,
        by=purge.by,
        hits=purge.hit_count,
        until=purge.approve_until,
        person=person,
        name=name,
        at=now(),
    )


def _none() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no such purge", "look for it in the list of purges")

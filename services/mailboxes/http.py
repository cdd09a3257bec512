"""The API of purges, for operators: what is planned, why, what became of it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from services.mailboxes.purges import Purges
from services.mailboxes.tables import Known, Purge
from services.mailboxes.views import story, views
from shared.errors import Reject
from shared.events import PurgeMatch, PurgeRequested, RestoreRequested
from shared.run import VERSION, Room
from shared.web import Problem, bearer, same_site, service_app
from shared.work import Work

Name = Annotated[str, Field(min_length=1, max_length=320)]
Words = Annotated[str, Field(max_length=1_000)]
Names = Annotated[list[Name], Field(max_length=10_000)]

#: Largest body of a request, in bytes: the names of as many mailboxes as one purge may have.
BODY_MAX = 4 * 1024 * 1024


class Wanted(BaseModel):
    """A purge that somebody wants: planned first, acted on when it is approved."""

    match: PurgeMatch = Field(default_factory=PurgeMatch, description="which mails; may be left out with `mail`")
    mail: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = Field(
        default="", description="SHA-256 of a reported or held mail: mails like it, besides what `match` says"
    )
    mailboxes: Names = Field(default=[], description="none: every mailbox of the store")
    by: Name = "api"
    case_id: Annotated[str, Field(max_length=64)] = ""
    reason: Words = ""
    force: bool = False
    tell_users: bool = False


class Approval(BaseModel):
    """Who stands for which plan."""

    by: Name
    plan: Annotated[int, Field(ge=1)]


class Undo(BaseModel):
    """Who wants mails back, and where."""

    by: Name = "api"
    mailboxes: Names = []
    reason: Words = ""


class Who(BaseModel):
    """Who does it."""

    by: Name = "api"


def app(room: Room, purges: Purges) -> FastAPI:
    """The application of mailboxes."""
    application = service_app("mailboxes", VERSION, ready=room.ready, documented=True, body_max=BODY_MAX)
    doors = APIRouter(dependencies=[Depends(bearer(room.settings.door_token())), Depends(same_site)])
    door = PurgeDoor(room, purges)
    accepted = HTTPStatus.ACCEPTED
    doors.add_api_route("/v1/purges", door.listed, methods=["GET"])
    doors.add_api_route("/v1/purges", door.ask, methods=["POST"], status_code=accepted)
    doors.add_api_route("/v1/purges/{purge_id}", door.show, methods=["GET"])
    doors.add_api_route("/v1/purges/{purge_id}/approval", door.approve, methods=["POST"], status_code=accepted)
    doors.add_api_route("/v1/purges/{purge_id}/plan", door.plan_anew, methods=["POST"], status_code=accepted)
    doors.add_api_route("/v1/purges/{purge_id}/withdrawal", door.withdraw, methods=["POST"], status_code=accepted)
    doors.add_api_route("/v1/purges/{purge_id}/restore", door.restore, methods=["POST"], status_code=accepted)
    application.include_router(doors)
    return application


class PurgeDoor:
    """The purges of one mail store."""

    def __init__(self, room: Room, purges: Purges) -> None:
        self._database = room.database
        self._purges = purges

    async def listed(self, limit: Annotated[int, Query(ge=1, le=1_000)] = 50) -> dict[str, Any]:
        """Purges, the newest first."""
        query = select(Purge).order_by(col(Purge.requested_at).desc(), col(Purge.purge_id)).limit(limit)
        return await self._database.look(lambda session: {"purges": views(session.exec(query).all(), session)})

    async def show(self, purge_id: Name) -> dict[str, Any]:
        """One purge with its mailboxes and mails: what it would do, or did."""
        return await self._database.look(lambda session: story(_find(purge_id, session), session, self._purges))

    async def ask(self, wanted: Wanted) -> dict[str, Any]:
        """Plan a purge. What may not be purged is refused at once, with the reason."""
        purge_id = str(uuid4())

        def write(work: Work) -> dict[str, Any]:
            event = PurgeRequested(
                purge_id=purge_id,
                match=_like(wanted, work.session),
                message_sha256=wanted.mail or None,
                **wanted.model_dump(include={"mailboxes", "by", "case_id", "reason", "force", "tell_users"}),
            )
            purge = self._purges.begin(event, work)
            if purge.outcome == "refused":  # nothing of it stays
                raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "this is not purged", purge.why)
            work.emit(event)
            return {"purge_id": purge_id}

        return await self._database.run(write)

    async def approve(self, purge_id: Name, approval: Approval) -> dict[str, Any]:
        """Stand for a plan: it is acted on. Above a number of mailboxes that must be somebody else than who asked."""
        return await self._act(
            purge_id,
            lambda purge, work: self._purges.approve(purge, plan=approval.plan, by=approval.by, work=work, say=True),
        )

    async def plan_anew(self, purge_id: Name) -> dict[str, Any]:
        """Throw the plan away and make another."""
        return await self._act(purge_id, self._purges.plan_anew)

    async def withdraw(self, purge_id: Name, who: Who) -> dict[str, Any]:
        """End a purge that has moved nothing yet."""
        return await self._act(
            purge_id, lambda purge, work: self._purges.withdraw(purge, f"withdrawn by {who.by}", work)
        )

    async def restore(self, purge_id: Name, undo: Undo) -> dict[str, Any]:
        """Put mails back where they were; what is still to be moved is not."""
        restore_id = str(uuid4())

        def write(purge: Purge, work: Work) -> None:
            event = RestoreRequested(restore_id=restore_id, purge_id=purge.purge_id, **undo.model_dump())
            self._purges.restore(event, work)
            work.emit(event)

        return {**await self._act(purge_id, write), "restore_id": restore_id}

    async def _act(self, purge_id: str, act: Callable[[Purge, Work], None]) -> dict[str, Any]:
        def write(work: Work) -> dict[str, Any]:
            purge = _find(purge_id, work.session)
            try:
                act(purge, work)
            except Reject as error:
                raise Problem(HTTPStatus.CONFLICT, "not so", str(error)) from None
            return {"purge_id": purge.purge_id, "status": purge.status}

        return await self._database.run(write)


def _find(beginning: str, session: Session) -> Purge:
    """The purge whose id begins so."""
    query = select(Purge).where(col(Purge.purge_id).startswith(beginning, autoescape=True)).limit(2)
    found = session.exec(query).all()
    if len(found) != 1:
        words = "several purges begin so" if found else "there is no such purge"
        raise Problem(HTTPStatus.NOT_FOUND, words, "look for it in the list of purges")
    return found[0]


def _like(wanted: Wanted, session: Session) -> PurgeMatch:
    """What is wanted, with the facts of the mail that it should be like."""
    if not wanted.mail:
        return wanted.match
    mail = session.get(Known, wanted.mail)
    if mail is None:
        raise Problem(HTTPStatus.NOT_FOUND, "this mail is not known", "name a mail that was reported or held")
    facts = {name: getattr(mail, name) for name in ("message_id", "from_address", "subject", "body_hash", "sketch")}
    return PurgeMatch.model_validate({**facts, **wanted.match.model_dump(exclude_unset=True)})

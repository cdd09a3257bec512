"""What people do with entries and held mail, over HTTP. 202 says that it was asked for, the streams say when it was done."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.console.dead import DeadLetters
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.queries import stats
from services.console.tables import Block, Copy
from shared.events import BlockOrigin, BlockRequested, BlockWithdrawn, ReleaseDecided
from shared.events.vocabulary import BlockAction, BlockKind
from shared.web import Problem
from shared.work import now

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Id = Annotated[str, Path(max_length=100)]


class NewBlock(BaseModel):
    """An entry to ask for."""

    model_config = ConfigDict(extra="forbid")

    kind: BlockKind
    value: str = Field(min_length=1, max_length=2048)
    action: BlockAction = "block"
    scope: str = Field(default="tenant", min_length=1, max_length=320)
    expires_at: AwareDatetime | None = None
    never_expires: bool = False
    note: Text = ""

    @model_validator(mode="after")
    def _one_end(self) -> "NewBlock":
        if self.never_expires and self.expires_at:
            raise ValueError("it ends never, or then: not both")
        return self


class Decision(BaseModel):
    """An operator's decision about a release."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approved", "denied"]
    comment: Text = Field(default="", description="what the recipient is told")
    override: bool = Field(default=False, description="release it although it is bad")


class Asked(BaseModel):
    """It was asked for; what comes of it is told under this id."""

    request_id: str


class Decided(BaseModel):
    """What was decided on."""

    held_id: str
    recipient: str


class Stats(BaseModel):
    """What happened since midnight UTC, and what stands now."""

    reports_today: int
    verdicts_today: dict[str, int]
    active_blocks: int
    held: int
    asked_for: int
    to_review: int
    dead: int
    at: datetime


class Api:
    """The routes."""

    def __init__(self, desk: Desk, dead: DeadLetters) -> None:
        self._desk, self._acts, self._look = desk, desk.acts, desk.room.database.look
        self._dead = dead

    def router(self) -> APIRouter:
        """All of them."""
        router, act, accepted = self._desk.router(), self._desk.act(), HTTPStatus.ACCEPTED
        decide = "/quarantine/{held_id}/{recipient:path}/decision"
        router.add_api_route("/stats", self.stats, methods=["GET"], dependencies=self._desk.behind())
        router.add_api_route("/blocks", self.block, methods=["POST"], status_code=accepted, dependencies=act)
        router.add_api_route(
            "/blocks/{block_id}", self.unblock, methods=["DELETE"], status_code=accepted, dependencies=act
        )
        router.add_api_route(decide, self.decide, methods=["POST"], status_code=accepted, dependencies=act)
        return router

    async def stats(self) -> Stats:
        """The counts at the head of the page."""
        at = now()
        counts = await self._look(lambda session: stats(session, at))
        return Stats.model_validate({**counts, "dead": await self._dead.count(), "at": at})

    async def block(self, entry: NewBlock, person: Asking) -> Asked:
        """Ask for an entry."""
        request_id = self._acts.new_id(person)
        fields = entry.model_dump(exclude={"note"})
        origin = BlockOrigin(by=person.name, note=entry.note)
        event = BlockRequested(request_id=request_id, origin=origin, **fields)
        detail = entry.model_dump(mode="json", include={"kind", "value", "action", "scope"})
        await self._acts.say(person, "block.requested", request_id, event, **detail)
        return Asked(request_id=request_id)

    async def unblock(self, block_id: Id, person: Asking) -> Asked:
        """Ask for the end of an entry.

        Raises:
            Problem: 404 there is none of this id.
        """
        if await self._look(lambda session: session.get(Block, block_id)) is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such entry", "`longstop block list` shows them")
        request_id = self._acts.new_id(person)
        event = BlockWithdrawn(request_id=request_id, block_id=block_id, by=person.name)
        await self._acts.say(person, "block.withdrawn", block_id, event)
        return Asked(request_id=request_id)

    async def decide(self, held_id: Id, recipient: str, decision: Decision, person: Asking) -> Decided:
        """Approve or deny a release.

        Raises:
            Problem: 404 there is no such copy.
        """
        copy = await self._look(lambda session: session.get(Copy, f"{held_id}/{recipient}"))
        if copy is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such held mail for this recipient")
        event = ReleaseDecided(
            held_id=held_id,
            recipient=recipient,
            decision=decision.decision,
            by=person.name,
            comment=decision.comment,
            override=decision.override,
            decision_id=self._acts.new_id(person),
        )
        await self._acts.say(
            person, "release.decided", copy.id, event, decision=decision.decision, override=decision.override
        )
        return Decided(held_id=held_id, recipient=recipient)

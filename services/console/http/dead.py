"""Dead letters over HTTP: listed for everybody, shown, handed in again and dropped by admins."""

import json
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.console.dead import DeadLetters, summary
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from shared.bus.letters import Letter
from shared.bus.repair import Change
from shared.web import Problem

#: An entry's place in its stream, well within the 64 bits that Redis has for each number.
PLACE = r"^[0-9]{1,16}-[0-9]{1,16}$"

Place = Annotated[str, Path(pattern=PLACE)]


class LetterView(BaseModel):
    """A dead letter. `entry` is its place among them, `entry_id` that of what died in its own stream."""

    entry: str
    id: str
    time: str
    stream: str
    entry_id: str
    group: str
    attempts: str
    reason: str


class WholeLetter(LetterView):
    """A dead letter with the raw fields of what died; bytes that are no text are `{"base64": …}`."""

    fields: dict[str, Any]


class LetterList(BaseModel):
    """The newest first."""

    items: list[LetterView]
    next: str = ""


class Repaired(BaseModel):
    """How a letter is handed in again."""

    model_config = ConfigDict(extra="forbid")

    data: dict[str, Any] | None = Field(
        default=None, description="what it carries from now on; as it was, when left out"
    )


class Dead:
    """The routes."""

    def __init__(self, desk: Desk, letters: DeadLetters) -> None:
        self._desk, self._letters = desk, letters

    def router(self) -> APIRouter:
        """All of them."""
        router, one, gone = self._desk.router("/dead"), "/{entry}", HTTPStatus.NO_CONTENT
        act = self._desk.act("admin")
        router.add_api_route("", self.newest, methods=["GET"], dependencies=self._desk.behind())
        router.add_api_route(one, self.show, methods=["GET"], dependencies=self._desk.behind("admin"))
        router.add_api_route(one, self.drop, methods=["DELETE"], status_code=gone, dependencies=act)
        router.add_api_route(f"{one}/replay", self.replay, methods=["POST"], status_code=gone, dependencies=act)
        return router

    async def newest(self, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> LetterList:
        """The newest dead letters, without what they carry."""
        return LetterList.model_validate({"items": await self._letters.newest(limit)})

    async def show(self, entry: Place, person: Asking) -> WholeLetter:
        """One dead letter with what it carries, which may be a whole mail: the look is in the audit."""
        letter = await self._one(entry)
        await self._desk.acts.note(person, "body.looked", letter.id, how="dead letter", entry=entry)
        return WholeLetter.model_validate({**summary(letter), "fields": letter.fields})

    async def replay(self, entry: Place, person: Asking, repaired: Repaired | None = None) -> None:
        """Hand a letter in again, as it was or repaired. It keeps its id: readers that have handled it drop it.

        Raises:
            Problem: 404 there is none. `Reject` (422): it cannot go back.
        """
        letter, data = await self._one(entry), repaired.data if repaired else None
        await self._desk.acts.note(person, "dead.replayed", letter.id, entry=entry, is_repaired=data is not None)
        await self._letters.replay(letter, None if data is None else Change(data=json.dumps(data).encode()))

    async def drop(self, entry: Place, person: Asking) -> None:
        """Forget a letter for good."""
        letter = await self._one(entry)
        await self._desk.acts.note(person, "dead.dropped", letter.id, entry=entry, stream=letter.stream)
        await self._letters.drop(letter)

    async def _one(self, entry: str) -> Letter:
        letter = await self._letters.get(entry)
        if letter is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such dead letter", "`longstop dead list` shows them")
        return letter

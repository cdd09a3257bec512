"""Dead letters: what could not be processed, why, and mending it."""

from collections import Counter
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Response
from pydantic import Field

from services.console.dead import DeadLetters
from services.console.http.dead import PLACE, Place
from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing, back
from services.console.rules.text import escaped
from shared.bus.letters import Letter
from shared.bus.repair import Change, pretty
from shared.errors import Reject
from shared.web import Problem

#: Letters of a page, and characters of an entry's data that are shown and may be edited.
PAGE, DATA_MAX = 200, 200_000

#: What acts are called in the audit.
ACTS = {"replay": "dead.replayed", "drop": "dead.dropped"}

Text = Annotated[str, Query(max_length=300)]


class DeadPage:
    """The routes."""

    def __init__(self, show: Showing, dead: DeadLetters) -> None:
        self._show, self._dead = show, dead

    def router(self) -> APIRouter:
        """All of them."""
        router, act = APIRouter(include_in_schema=False), self._show.admin
        router.add_api_route("/dead", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/dead/act", self.act, methods=["POST"], dependencies=act)
        router.add_api_route("/dead/{entry}", self.letter, methods=["GET"], dependencies=act)
        router.add_api_route("/dead/{entry}", self.mend, methods=["POST"], dependencies=act)
        return router

    async def page(
        self, person: Asking, reason: Text = "", stream: Text = "", done: Annotated[str, Query(max_length=60)] = ""
    ) -> Response:
        """The newest, and how many there are of each kind."""
        letters = await self._dead.letters(PAGE)
        kinds = Counter((letter.stream, letter.reason) for letter in letters)
        shown = [one for one in letters if reason in ("", one.reason) and stream in ("", one.stream)]
        return await self._show.page(
            "dead.html", person, done=done, letters=shown, kinds=kinds.most_common(20), reason=reason, stream=stream
        )

    async def act(
        self,
        person: Asking,
        entries: Annotated[list[Annotated[str, Field(pattern=PLACE)]], Form(max_length=PAGE)],
        act: Annotated[Literal["replay", "drop"], Form()],
    ) -> Response:
        """Hand in again or drop all that are marked."""
        letters = await self._dead.some(entries)
        for letter in letters:
            await self._show.desk.acts.note(person, ACTS[act], letter.id, entry=letter.entry, stream=letter.stream)
        if act == "drop":
            await self._dead.drop(*letters)
            return back("/dead", f"dropped:{len(letters)}")
        done, left = await self._dead.replay_all(letters)
        return back("/dead", f"left:{len(left)}" if left else f"replayed:{done}")

    async def letter(self, entry: Place, person: Asking, done: Annotated[str, Query(max_length=60)] = "") -> Response:
        """One letter with its raw fields; looking is written down, for there may be a mail in it."""
        letter = await self._one(entry)
        await self._show.desk.acts.note(person, "body.looked", letter.id, how="dead letter", entry=entry)
        data = letter.fields.get("data", "")
        can_edit = isinstance(data, str) and len(data) <= DATA_MAX
        return await self._show.page(
            "letter.html",
            person,
            done=done,
            letter=letter,
            data=escaped(pretty(data)) if can_edit else "",
            can_edit=can_edit,
            problem="",
        )

    async def mend(
        self,
        entry: Place,
        person: Asking,
        act: Annotated[Literal["replay", "drop"], Form()],
        data: Annotated[str, Form(max_length=DATA_MAX)] = "",
    ) -> Response:
        """Hand one in again, as it was or changed, or drop it; when that cannot be, say why beside what was typed."""
        letter = await self._one(entry)
        was = letter.fields.get("data", "")
        text = data.replace("\r\n", "\n")
        is_changed = bool(text) and isinstance(was, str) and text != escaped(pretty(was))
        await self._show.desk.acts.note(person, ACTS[act], letter.id, entry=entry, is_repaired=is_changed)
        if act == "drop":
            await self._dead.drop(letter)
            return back("/dead", "dropped:1")
        try:
            await self._dead.replay(letter, Change(data=text.encode("utf-8", "surrogatepass")) if is_changed else None)
        except Reject as reason:
            shown: dict[str, Any] = {"letter": letter, "data": text, "can_edit": True, "problem": str(reason)}
            return await self._show.page("letter.html", person, HTTPStatus.UNPROCESSABLE_ENTITY, **shown)
        return back("/dead", "replayed:1")

    async def _one(self, entry: str) -> Letter:
        letter = await self._dead.get(entry)
        if letter is None:
            raise Problem(
                HTTPStatus.NOT_FOUND, "no such dead letter", "it was replayed, dropped, or has gone after its time"
            )
        return letter

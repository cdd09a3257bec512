"""The page of one recipient's copy of a held mail: shows, asks back, asks digest."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from services.portal.asking import Look, ask, look_at
from services.portal.http.door import Door, StepForm, Visit
from services.portal.http.pages import HEADERS, Pages
from services.portal.tables import Copy, Held
from shared.links import TOKEN_MAX, Capability
from shared.metrics import PORTAL_ASKED
from shared.work import Database, now

#: How long the links of a list work: it makes new ones when it is opened again.
LISTED_LASTS = timedelta(days=1)

#: Mails on a list.
LIST_MAX = 200

#: Standings that change by themselves soon: the page looks again.
PASSING = frozenset({"asking", "releasing", "deleting", "trouble"})

Act = Annotated[str, Field(max_length=20)]
Token = Annotated[str, Field(max_length=TOKEN_MAX)]


class Press(BaseModel):
    """What a button of a mail's page sends."""

    button: Token = ""
    act: Act = ""


class Second(StepForm):
    """What the second step of a mail's page sends."""

    comment: str = Field(default="", max_length=1000)


class Mails:
    """Pages of held mails."""

    def __init__(self, database: Database, door: Door, pages: Pages) -> None:
        self._database = database
        self._door = door
        self._pages = pages

    def router(self) -> APIRouter:
        """Routes; tokens stand in paths, and paths are never logged."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/q/{token}", self.show, methods=["GET", "HEAD"])
        router.add_api_route("/q/{token}", self.press, methods=["POST"])
        router.add_api_route("/q/{token}/confirm", self.confirm, methods=["POST"])
        router.add_api_route("/q/{token}/state", self.state, methods=["GET"])
        router.add_api_route("/m/{token}", self.listed, methods=["GET", "HEAD"])
        return router

    async def show(self, request: Request, token: str) -> Response:
        """Show what may be done. Changes nothing, however often and by whomever it is opened."""
        mine = self._door.open("mail", token, request)
        reader = await self._pages.reader(request, mine.recipient)
        look = await self.look(mine)
        if look is None:
            return self._pages.say(reader, "not_yet", HTTPStatus.NOT_FOUND)
        browser = self._door.browser(request)
        response = self._pages.page(
            reader,
            "mail.html",
            look=look,
            first=mine.act if mine.act in look.acts else next(iter(look.acts), ""),
            button=self._door.button(mine, browser),
            token=token,
            polls=look.standing in PASSING,
            state=_state(look),
        )
        self._door.remember_browser(response, browser)
        return response

    async def press(self, request: Request, token: str, form: Annotated[Press, Form()]) -> Response:
        """The first step of an act: it asks back, unless this browser did a second step lately."""
        visit = self._post(request, token)
        self._door.check_button(form.button, visit.mine, request)
        look = await self.look(visit.mine)
        if look is None or form.act not in look.acts:
            return _back(visit)
        if self._door.is_person(request, visit.mine.recipient) and form.act != "request":
            return await self._ask(visit, form.act, "")
        return await self._ask_back(visit, look, form.act)

    async def confirm(self, request: Request, token: str, form: Annotated[Second, Form()]) -> Response:
        """The second step: the number that the first one showed, typed in the same browser, not at once."""
        visit = self._post(request, token)
        act, trouble = self._door.check_step(form, visit.mine, visit.browser)
        look = await self.look(visit.mine)
        if look is None or act not in look.acts:
            return _back(visit)
        if trouble:
            return await self._ask_back(visit, look, act, trouble)
        response = await self._ask(visit, act, form.comment)
        self._door.remember_person(response, visit.mine.recipient, visit.browser)
        return response

    async def state(self, request: Request, token: str) -> Response:
        """A word that changes when the page would: what it looks for while something is under way."""
        mine = self._door.open("mail", token, request)
        look = await self.look(mine)
        return JSONResponse({"state": _state(look) if look else ""}, headers=HEADERS)

    async def listed(self, request: Request, token: str) -> Response:
        """All mails of one recipient that are held, the newest first."""
        mine = self._door.open("mails", token, request)
        reader = await self._pages.reader(request, mine.recipient)
        at = now()
        looks = await self._database.look(lambda session: _looks(mine.recipient, session))
        found = [look for look in looks if look.expires_at > at]
        links = [self._door.sign("mail", Capability(mine.recipient, look.held.held_id), LISTED_LASTS) for look in found]
        return self._pages.page(
            reader, "list.html", rows=list(zip(found, links, strict=True)), recipient=mine.recipient, most=LIST_MAX
        )

    async def look(self, mine: Capability) -> Look | None:
        """The copy that a link is about."""
        at = now()
        return await self._database.look(lambda session: look_at(mine.held_id, mine.recipient, session, at))

    def _post(self, request: Request, token: str) -> Visit:
        mine = self._door.open("mail", token, request)
        self._door.pass_post(request, mine.recipient)
        return Visit(request, token, mine)

    async def _ask(self, visit: Visit, act: str, comment: str) -> Response:
        mine = visit.mine
        if await self._database.run(lambda work: ask(mine.held_id, mine.recipient, act, comment.strip(), work)):
            PORTAL_ASKED.labels(act).inc()
        return _back(visit)

    async def _ask_back(self, visit: Visit, look: Look, act: str, trouble: str = "") -> Response:
        return self._pages.page(
            await self._pages.reader(visit.request, visit.mine.recipient),
            "confirm.html",
            look=look,
            act=act,
            step=self._door.new_step(visit.mine, act, visit.browser),
            token=visit.token,
            trouble=trouble,
        )


def _back(visit: Visit) -> Response:
    """The way to the page itself: who presses *reload* never sends a form again."""
    return RedirectResponse(f"/q/{visit.token}", HTTPStatus.SEE_OTHER, headers=HEADERS)


def _looks(recipient: str, session: Session) -> list[Look]:
    held = (
        select(Copy.held_id)
        .join(Held, col(Held.held_id) == col(Copy.held_id))
        .where(Copy.recipient == recipient, col(Copy.status).in_(("held", "release_requested", "denied")))
        .order_by(col(Held.held_at).desc())
        .limit(LIST_MAX)
    )
    at = now()
    found = (look_at(held_id, recipient, session, at) for held_id in session.exec(held).all())
    return [look for look in found if look is not None]


def _state(look: Look) -> str:
    return " ".join([look.standing, *(f"{one.act}:{one.outcome}" for one in look.asks)])

"""How a recipient is told: their preferences, and how to leave (RFC 8058)."""

from http import HTTPStatus
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from services.portal.asking import new_preference_id, prefer
from services.portal.http.door import BROWSER, PERSON_LASTS, Door
from services.portal.http.pages import HEADERS, Pages
from services.portal.tables import Preference
from services.portal.wording import LANGUAGES, names
from shared.events import DigestPreferred
from shared.events.vocabulary import DigestFrequency
from shared.links import TOKEN_MAX, Capability
from shared.work import Database, Work, now

#: Hours between digests that can be chosen.
HOURS = (1, 2, 4, 8, 12)

#: The frequencies, as the page orders them.
FREQUENCIES: tuple[DigestFrequency, ...] = ("at_once", "hours", "daily", "weekly", "never")

#: Time zones that can be chosen: places, and UTC.
ZONES = (
    "UTC",
    *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))),
)

#: What a mail client sends with a one-click POST (RFC 8058, section 3.1).
ONE_CLICK = "One-Click"


class Wish(BaseModel):
    """What the form of preferences sends; anything that is no choice of the form is left out."""

    button: str = Field(default="", max_length=TOKEN_MAX)
    frequency: str = Field(default="", max_length=64)
    every_hours: str = Field(default="", max_length=64)
    language: str = Field(default="", max_length=64)
    zone: str = Field(default="", max_length=64)
    hour: str = Field(default="", max_length=64)

    def of(self, recipient: str) -> DigestPreferred:
        """The wish as a fact."""
        return DigestPreferred(
            preference_id=new_preference_id(),
            recipient=recipient,
            frequency=next((one for one in FREQUENCIES if one == self.frequency), None),
            every_hours=int(self.every_hours) if self.every_hours in map(str, HOURS) else None,
            language=self.language if self.language in LANGUAGES else None,
            zone=self.zone if self.zone in ZONES else None,
            hour=int(self.hour) if self.hour in map(str, range(24)) else None,
            at=now(),
        )


class Leave(BaseModel):
    """What ends digests: our page's button, or a mail client's one click."""

    model_config = ConfigDict(populate_by_name=True)

    button: str = Field(default="", max_length=TOKEN_MAX)
    one_click: str = Field(default="", alias="List-Unsubscribe", max_length=20)


class People:
    """Pages of recipients."""

    def __init__(self, database: Database, door: Door, pages: Pages) -> None:
        self._database = database
        self._door = door
        self._pages = pages

    def router(self) -> APIRouter:
        """Routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/p/{token}", self.preferences, methods=["GET", "HEAD"])
        router.add_api_route("/p/{token}", self.save, methods=["POST"])
        router.add_api_route("/unsubscribe/{token}", self.leave, methods=["GET", "HEAD"])
        router.add_api_route("/unsubscribe/{token}", self.left, methods=["POST"])
        return router

    async def preferences(self, request: Request, token: str) -> Response:
        """Show what is wished now."""
        mine = self._door.open("preferences", token, request)
        return await self._form(request, mine, token, "preferences.html")

    async def save(self, request: Request, token: str, form: Annotated[Wish, Form()]) -> Response:
        """Take a wish."""
        mine = self._door.open("preferences", token, request)
        self._door.pass_post(request, mine.recipient)
        self._door.check_button(form.button, mine, request)
        wish = form.of(mine.recipient)
        await self._database.run(lambda work: _say(wish, work))
        return RedirectResponse(f"/p/{token}?saved=1", HTTPStatus.SEE_OTHER, headers=HEADERS)

    async def leave(self, request: Request, token: str) -> Response:
        """A page with a button: a GET never ends anything."""
        mine = self._door.open("unsubscribe", token, request)
        return await self._form(request, mine, token, "unsubscribe.html")

    async def left(self, request: Request, token: str, form: Annotated[Leave, Form()]) -> Response:
        """End digests: at once for a mail client's one-click POST, which brings no cookie and comes from no page of ours."""
        mine = self._door.open("unsubscribe", token, request)
        if form.one_click != ONE_CLICK:
            self._door.pass_post(request, mine.recipient)
            self._door.check_button(form.button, mine, request)
        wish = DigestPreferred(preference_id=new_preference_id(), recipient=mine.recipient, frequency="never", at=now())
        await self._database.run(lambda work: _say(wish, work))
        if form.one_click == ONE_CLICK:
            return PlainTextResponse("unsubscribed\n", headers=HEADERS)
        return self._pages.say(await self._pages.reader(request, mine.recipient), "left")

    async def _form(self, request: Request, mine: Capability, token: str, template: str) -> Response:
        browser = self._door.browser(request)
        wish = await self._database.look(lambda session: session.get(Preference, mine.recipient))
        response = self._pages.page(
            await self._pages.reader(request, mine.recipient),
            template,
            recipient=mine.recipient,
            wish=wish or Preference(recipient=mine.recipient, at=now()),
            button=self._door.button(mine, browser),
            token=token,
            frequencies=FREQUENCIES,
            hours=HOURS,
            languages=names(),
            zones=ZONES,
            saved="saved" in request.query_params,
        )
        self._door.remember(response, BROWSER, browser, PERSON_LASTS)
        return response


def _say(wish: DigestPreferred, work: Work) -> None:
    """Keep a wish unless it is the one that is kept, and tell it."""
    row = work.session.get(Preference, wish.recipient)
    told = wish.model_dump(exclude={"preference_id", "recipient", "at"}, exclude_none=True)
    if row is not None and told == {name: getattr(row, name) for name in told}:
        return
    prefer(wish, work)
    work.emit(wish)

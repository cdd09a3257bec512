"""How a recipient is told: their preferences, and how to leave (RFC 8058)."""

from http import HTTPStatus
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import ConfigDict, Field

from services.portal.asking import new_preference_id, prefer
from services.portal.http.door import Door, Refused, StepForm, Visit
from services.portal.http.pages import HEADERS, Pages
from services.portal.tables import Preference
from services.portal.wording import LANGUAGES, names
from shared.events import DigestPreferred
from shared.events.vocabulary import DigestFrequency
from shared.links import Purpose
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


class Wish(StepForm):
    """What the form of preferences sends; anything that is no choice of the form is left out."""

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


class Leave(StepForm):
    """What ends digests: our page's button, or a mail client's one click."""

    model_config = ConfigDict(populate_by_name=True)

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
        return await self._form(self._visit("preferences", request, token), "preferences.html")

    async def save(self, request: Request, token: str, form: Annotated[Wish, Form()]) -> Response:
        """Take a wish."""
        visit = self._visit("preferences", request, token)
        wish = form.of(visit.mine.recipient)
        if trouble := self._trouble(visit, form, "prefer"):
            return await self._form(visit, "preferences.html", trouble, wish)
        await self._database.run(lambda work: _say(wish, work))
        response = RedirectResponse(f"/p/{token}?saved=1", HTTPStatus.SEE_OTHER, headers=HEADERS)
        self._door.remember_person(response, visit.mine.recipient, visit.browser)
        return response

    async def leave(self, request: Request, token: str) -> Response:
        """A page with a button: a GET never ends anything."""
        return await self._form(self._visit("unsubscribe", request, token), "unsubscribe.html")

    async def left(self, request: Request, token: str, form: Annotated[Leave, Form()]) -> Response:
        """End digests: at once for a mail client's one-click POST, which brings no cookie and comes from no page of ours."""
        visit = self._visit("unsubscribe", request, token)
        if form.one_click != ONE_CLICK and (trouble := self._trouble(visit, form, "leave")):
            return await self._form(visit, "unsubscribe.html", trouble)
        recipient = visit.mine.recipient
        wish = DigestPreferred(preference_id=new_preference_id(), recipient=recipient, frequency="never", at=now())
        await self._database.run(lambda work: _say(wish, work))
        if form.one_click == ONE_CLICK:
            return PlainTextResponse("unsubscribed\n", headers=HEADERS)
        return self._pages.say(await self._pages.reader(request, recipient), "left")

    def _visit(self, purpose: Purpose, request: Request, token: str) -> Visit:
        return Visit(request, token, self._door.open(purpose, token, request))

    def _trouble(self, visit: Visit, form: StepForm, wanted: str) -> str:
        """A word for what is wrong with a step; these pages have one, with its number, unless this browser did one lately."""
        self._door.pass_post(visit.request, visit.mine.recipient)
        act, trouble = self._door.check_step(form, visit.mine, visit.browser)
        if act != wanted:
            raise Refused(HTTPStatus.BAD_REQUEST, "again")
        return "" if trouble == "number" and self._door.is_person(visit.request, visit.mine.recipient) else trouble

    async def _form(
        self, visit: Visit, template: str, trouble: str = "", said: DigestPreferred | None = None
    ) -> Response:
        request, token, mine = visit
        browser = self._door.browser(request)
        wish = await self._database.look(lambda session: session.get(Preference, mine.recipient))
        wish = wish or Preference(recipient=mine.recipient, at=now())
        if said is not None:
            wish = wish.model_copy(update=said.model_dump(exclude={"preference_id"}, exclude_none=True))
        act = "leave" if template == "unsubscribe.html" else "prefer"
        response = self._pages.page(
            await self._pages.reader(request, mine.recipient),
            template,
            recipient=mine.recipient,
            wish=wish,
            step=self._door.new_step(mine, act, browser),
            needs_number=not self._door.is_person(request, mine.recipient),
            trouble=trouble,
            token=token,
            frequencies=FREQUENCIES,
            hours=HOURS,
            languages=names(),
            zones=ZONES,
            saved="saved" in request.query_params,
        )
        self._door.remember_browser(response, browser)
        return response


def _say(wish: DigestPreferred, work: Work) -> None:
    """Keep a wish and tell it, unless it says nothing new."""
    row = work.session.get(Preference, wish.recipient)
    told = wish.model_dump(exclude={"preference_id", "recipient", "at"}, exclude_none=True)
    if not told or (row is not None and told == {name: getattr(row, name) for name in told}):
        return
    prefer(wish, work)
    work.emit(wish)

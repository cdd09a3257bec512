"""Webhooks on the page of settings: added, removed, tried again, by admins."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import ValidationError

from services.console.http.guard import Asking
from services.console.http.hooks import HookId, HookRoutes, NewHook
from services.console.http.pages.house import HousePage
from services.console.http.pages.showing import Showing, back
from shared.web import Problem

Url = Annotated[str, Form(max_length=1000)]
Kinds = Annotated[list[str], Form(max_length=50)]


class HookForms:
    """The routes; what they do is done by those of the API."""

    def __init__(self, show: Showing, house: HousePage) -> None:
        self._show, self._house = show, house
        self._api = HookRoutes(show.desk)

    def router(self) -> APIRouter:
        """All of them."""
        router, admin, one = APIRouter(include_in_schema=False), self._show.admin, "/settings/webhooks/{hook_id}"
        router.add_api_route("/settings/webhooks", self.add, methods=["POST"], dependencies=admin)
        router.add_api_route(f"{one}/remove", self.remove, methods=["POST"], dependencies=admin)
        router.add_api_route(f"{one}/again", self.again, methods=["POST"], dependencies=admin)
        return router

    async def add(self, person: Asking, url: Url, kinds: Kinds | None = None) -> Response:
        """Add one and show its secret this once.

        Raises:
            Problem: 409 there are too many; 422 it is no URL that may be told, or no event.
        """
        try:
            wanted = NewHook(url=url.strip(), kinds=kinds or [])
        except ValidationError:
            words = "give an address such as https://siem.example.org/longstop, without user and password"
            raise Problem(422, "this cannot be told", words) from None
        made = await self._api.add(wanted, person)
        return await self._house.shown(person, secret=made.secret)

    async def remove(self, hook_id: HookId, person: Asking) -> Response:
        """Take one away."""
        await self._api.remove(hook_id, person)
        return back("/settings", "hook_removed")

    async def again(self, hook_id: HookId, person: Asking) -> Response:
        """Try all again that was given up."""
        again = await self._api.again(hook_id, person)
        return back("/settings", f"hook_again:{again.deliveries}")

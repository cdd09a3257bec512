"""Webhooks over HTTP: for admins."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import httpx
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlmodel import col, select

from services.console.access.hooks import TooManyHooksError
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.tables import Activity
from shared.events import EVENTS
from shared.web import Problem

HookId = Annotated[str, Path(max_length=16)]

KINDS = frozenset(event.STREAM.removesuffix(".v1") for event in EVENTS)


class NewHook(BaseModel):
    """A URL to tell, and of what."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@/?#]+(/[^\s#]*)?$", max_length=1000)] = Field(
        description="without user and password; redirects are not followed"
    )
    kinds: Annotated[list[str], Field(max_length=50)] = Field(
        default=[], description="events, such as verdict.issued; empty: all"
    )

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        try:
            httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"that is no URL: {error}") from error
        return url

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        if unknown := [kind for kind in kinds if kind not in KINDS]:
            raise ValueError(f"no such event: {unknown[0][:40]}")
        return list(dict.fromkeys(kinds))


class HookView(BaseModel):
    """A webhook, without its secret."""

    id: str
    url: str
    kinds: list[str]
    created_at: datetime
    created_by: str
    delivered: int
    delivered_at: datetime | None
    note: str = Field(description="why the last attempt failed; empty when it did not")
    waiting: int = Field(default=0, description="deliveries that are tried yet")
    dead: int = Field(default=0, description="deliveries that were given up")


class MadeHook(HookView):
    """A webhook that was made just now."""

    secret: str = Field(description="signs what is sent; it is told this once")


class HookList(BaseModel):
    """Every webhook."""

    items: list[HookView]


class Again(BaseModel):
    """How many deliveries are tried again."""

    deliveries: int


class HookRoutes:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._hooks = desk, desk.access.hooks

    def router(self) -> APIRouter:
        """All of them."""
        router, admin, one = self._desk.router("/webhooks"), self._desk.behind("admin"), "/{hook_id}"
        gone = HTTPStatus.NO_CONTENT
        router.add_api_route("", self.all, methods=["GET"], dependencies=admin)
        router.add_api_route("", self.add, methods=["POST"], status_code=HTTPStatus.CREATED, dependencies=admin)
        router.add_api_route(one, self.remove, methods=["DELETE"], status_code=gone, dependencies=admin)
        router.add_api_route(f"{one}/again", self.again, methods=["POST"], dependencies=admin)
        return router

    async def all(self) -> HookList:
        """Every webhook, and how it goes."""
        rows = await self._hooks.all()
        return HookList(
            items=[
                HookView(
                    **hook.model_dump(exclude={"secret", "after", "failures", "due_at"}),
                    waiting=count.waiting,
                    dead=count.dead,
                )
                for hook, count in rows
            ]
        )

    async def add(self, wanted: NewHook, person: Asking) -> MadeHook:
        """Make a webhook for what happens from now on. Its secret is in the answer.

        Raises:
            Problem: 409 there are too many.
        """
        newest = select(Activity.id).order_by(col(Activity.id).desc()).limit(1)
        after = await self._desk.room.database.look(lambda session: session.exec(newest).first() or 0)
        await self._desk.acts.note(person, "webhook.added", wanted.url, kinds=wanted.kinds)
        try:
            hook = await self._hooks.add(wanted.url, wanted.kinds, after, person.name)
        except TooManyHooksError:
            raise Problem(HTTPStatus.CONFLICT, "there are too many webhooks", "remove one") from None
        return MadeHook.model_validate(hook, from_attributes=True)

    async def remove(self, hook_id: HookId, person: Asking) -> None:
        """Take a webhook away, with what it has not been told."""
        await self._desk.acts.note(person, "webhook.removed", hook_id)
        if not await self._hooks.remove(hook_id):
            raise _none()

    async def again(self, hook_id: HookId, person: Asking) -> Again:
        """Try all again that was given up."""
        await self._desk.acts.note(person, "webhook.tried_again", hook_id)
        many = await self._hooks.try_again(hook_id)
        if many is None:
            raise _none()
        return Again(deliveries=many)


def _none() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no such webhook", "look for it in the list of webhooks")

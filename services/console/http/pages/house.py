"""The house: settings that are in force, tokens, webhooks, and the audit."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.console.access.tokens import TooManyError
from services.console.http.guard import Asking
from services.console.http.hooks import KINDS
from services.console.http.pages.showing import Showing, back
from services.console.rules.access import Person, Role, may
from services.console.settings import ConsoleSettings
from shared.run import VERSION
from shared.web import Problem
from shared.work import now

#: Entries of a page of the audit.
PAGE = 100

Name = Annotated[str, Form(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
Word = Annotated[str, Query(max_length=300)]


class HousePage:
    """The routes."""

    def __init__(self, show: Showing) -> None:
        self._show, self._access = show, show.desk.access

    def router(self) -> APIRouter:
        """All of them."""
        router, admin = APIRouter(include_in_schema=False), self._show.admin
        router.add_api_route("/settings", self.settings, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/settings/tokens", self.make_token, methods=["POST"], dependencies=admin)
        router.add_api_route("/settings/tokens/{token_id}/revoke", self.revoke, methods=["POST"], dependencies=admin)
        router.add_api_route("/audit", self.audit, methods=["GET"], dependencies=admin)
        return router

    async def settings(self, person: Asking, done: Annotated[str, Query(max_length=60)] = "") -> Response:
        """What is in force, secrets hidden; tokens and webhooks for admins."""
        return await self.shown(person, done=done)

    async def shown(self, person: Person, *, done: str = "", made: str = "", secret: str = "") -> Response:
        """The page of settings, perhaps with the text of a token or the secret of a webhook that was made just now."""
        is_admin = may(person.role, "admin")
        return await self._show.page(
            "settings.html",
            person,
            done=done,
            made=made,
            secret=secret,
            version=VERSION,
            rows=in_force(self._show.desk.room.settings) if is_admin else [],
            tokens=await self._access.tokens.all() if is_admin else [],
            hooks=await self._access.hooks.all() if is_admin else [],
            kinds=sorted(KINDS),
        )

    async def make_token(
        self,
        person: Asking,
        name: Name,
        role: Annotated[Role, Form()] = "viewer",
        days: Annotated[int, Form(ge=0, le=3_650)] = 90,
    ) -> Response:
        """Make a token and show it this once."""
        await self._show.desk.acts.note(person, "token.created", name, role=role)
        ends = now() + timedelta(days=days) if days else None
        try:
            _, text = await self._access.tokens.create(name, role, (), ends, person.name)
        except TooManyError:
            raise Problem(409, "there are too many tokens", "revoke some first") from None
        return await self.shown(person, made=text)

    async def revoke(self, token_id: str, person: Asking) -> Response:
        """End a token."""
        await self._show.desk.acts.note(person, "token.revoked", token_id)
        await self._access.tokens.revoke(token_id)
        return back("/settings", "revoked")

    async def audit(
        self,
        person: Asking,
        name: Word = "",
        act: Word = "",
        about: Word = "",
        before: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """Who did what, the newest first."""
        rows = await self._access.audit.newest(PAGE, before, name=name, about=about, act=act)
        return await self._show.page(
            "audit.html",
            person,
            entries=rows,
            name=name,
            act=act,
            about=about,
            more=rows[-1].seq if len(rows) == PAGE else 0,
        )


def in_force(settings: ConsoleSettings) -> list[tuple[str, str, str, bool]]:
    """Each setting: its variable, its value, what it means, and whether it is its default. A secret says only that it is set."""
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        shown = _shown(name, value)
        is_default = name not in settings.model_fields_set
        rows.append((f"LONGSTOP_{name.upper()}", shown, field.description or "", is_default))
    return sorted(rows, key=lambda row: (row[3], row[0]))


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "not set"
    if name.endswith("_url") and isinstance(value, str) and "@" in value:
        try:
            return make_url(value).render_as_string(hide_password=True)
        except ArgumentError:
            return f"{value.partition('://')[0]}://***@{value.rpartition('@')[2]}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

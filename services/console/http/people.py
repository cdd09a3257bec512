"""Tokens and what everybody may know of themselves, over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.console.access.passwords import LONGEST, SHORTEST
from services.console.access.tokens import TooManyError
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.rules.access import Kind, Role, covers
from shared.web import Problem
from shared.work import now

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]


class Me(BaseModel):
    """Who asks."""

    name: str
    role: Role
    via: str
    kinds: list[str]


class NewPassword(BaseModel):
    """One's own password, changed."""

    model_config = ConfigDict(extra="forbid")

    old: Annotated[str, Field(max_length=LONGEST)]
    new: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class NewToken(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role = "viewer"
    kinds: Annotated[list[Kind], Field(max_length=20)] = Field(
        default=[],
        description="what it is good for: looking only (`read`), or areas of the API; empty: all that its role may",
    )
    expires_at: AwareDatetime | None = Field(default=None, description="when it ends; never, when left out")


class TokenView(BaseModel):
    """A token, without its secret."""

    id: str
    name: str
    role: Role
    kinds: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class MadeToken(TokenView):
    """A token that was made just now."""

    token: str = Field(description="what is sent as bearer token; it is told this once")


class TokenList(BaseModel):
    """Every token, the newest first."""

    items: list[TokenView]


class People:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._access = desk, desk.access

    def router(self) -> APIRouter:
        """All of them."""
        router, admin = self._desk.router(), self._desk.behind("admin")
        me, gone = self._desk.behind(), HTTPStatus.NO_CONTENT
        router.add_api_route("/me", self.me, methods=["GET"], dependencies=me)
        router.add_api_route("/me/password", self.set_password, methods=["POST"], status_code=gone, dependencies=me)
        router.add_api_route("/me/sessions", self.end_sessions, methods=["DELETE"], status_code=gone, dependencies=me)
        router.add_api_route("/tokens", self.tokens, methods=["GET"], dependencies=admin)
        router.add_api_route(
            "/tokens", self.make_token, methods=["POST"], status_code=HTTPStatus.CREATED, dependencies=admin
        )
        router.add_api_route(
            "/tokens/{token_id}", self.revoke_token, methods=["DELETE"], status_code=gone, dependencies=admin
        )
        return router

    async def me(self, person: Asking) -> Me:
        """Who asks, and what they may."""
        return Me.model_validate(person, from_attributes=True)

    async def set_password(self, wanted: NewPassword, person: Asking) -> None:
        """Change one's own password; one's other sessions end.

        Raises:
            Problem: 403 the old one is wrong; 409 one has none here; 429 too many wrong ones.
        """
        if person.via != "password":
            raise Problem(HTTPStatus.CONFLICT, "you have no password here", f"you signed in by {person.via}")
        if self._access.lockout.wait_s(person.address, person.name) > 0:
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong attempts", "wait", {"Retry-After": "30"})
        if not await self._access.operators.check(person.name, wanted.old):
            self._access.lockout.wrong(person.address, person.name)
            raise Problem(HTTPStatus.FORBIDDEN, "the old password is wrong", "try again")
        await self._desk.acts.note(person, "password.changed", person.name)
        await self._access.operators.set_password(person.name, wanted.new, keep=person.session)

    async def end_sessions(self, person: Asking) -> None:
        """End all sessions that one has opened, in every browser, this one too."""
        await self._desk.acts.note(person, "signed.out", person.name, everywhere=True)
        await self._access.sessions.end_all(person)

    async def tokens(self) -> TokenList:
        """Every token, revoked ones, too."""
        return TokenList(
            items=[TokenView.model_validate(row, from_attributes=True) for row in await self._access.tokens.all()]
        )

    async def make_token(self, wanted: NewToken, person: Asking) -> MadeToken:
        """Make a token. Its text is in the answer and kept nowhere.

        Raises:
            Problem: 403 it would be good for more than yours; 409 there are too many; 422 it ends in the past.
        """
        if wanted.expires_at and wanted.expires_at <= now():
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "it would have ended already", "name a time to come")
        if not covers(person.kinds, wanted.kinds):
            raise Problem(
                HTTPStatus.FORBIDDEN, "nobody gives what they do not have", f"yours: {', '.join(person.kinds)}"
            )
        told = {"role": wanted.role, "kinds": wanted.kinds}
        await self._desk.acts.note(person, "token.created", wanted.name, **told)
        try:
            row, text = await self._access.tokens.create(
                wanted.name, wanted.role, wanted.kinds, wanted.expires_at, person.name
            )
        except TooManyError:
            raise Problem(HTTPStatus.CONFLICT, "there are too many tokens", "revoked ones go after a year") from None
        return MadeToken(**row.model_dump(exclude={"secret_hash"}), token=text)

    async def revoke_token(self, token_id: str, person: Asking) -> None:
        """End a token, and the sessions that were opened with it, now.

        Raises:
            Problem: 404 there is none of this id.
        """
        await self._desk.acts.note(person, "token.revoked", token_id)
        if not await self._access.tokens.revoke(token_id):
            raise Problem(HTTPStatus.NOT_FOUND, "no such token", "`longstop token list` shows them")

"""The mails themselves, in two steps: say why, then look. Each look is in the audit."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.models import Responses
from services.console.rules.access import Person
from shared.web import Problem

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class Why(BaseModel):
    """Why somebody has to look at a mail."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class Granted(BaseModel):
    """That one may look."""

    sha256: str
    until: datetime


class Mails:
    """The routes, and `look`, by which pages get a mail, too."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def router(self) -> APIRouter:
        """All of them."""
        router, see = self._desk.router("/mails"), self._desk.behind("analyst")
        router.add_api_route("/{sha256}/access", self.ask, methods=["POST"], status_code=201, dependencies=see)
        raw: Responses = {200: {"description": "the mail, byte for byte", "content": {"message/rfc822": {}}}}
        router.add_api_route(
            "/{sha256}", self.raw, methods=["GET"], dependencies=see, response_class=Response, responses=raw
        )
        return router

    async def ask(self, sha256: Sha256, why: Why, person: Asking) -> Granted:
        """Say why one has to look at a mail; then one may, for ten minutes.

        Raises:
            Problem: 404 it is not kept (any more).
        """
        if await asyncio.to_thread(self._desk.room.blobs.get, sha256) is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such mail", "it never came, or is not kept any more")
        return Granted(sha256=sha256, until=await self._desk.access.looks.grant(person, sha256, why.reason))

    async def raw(self, sha256: Sha256, person: Asking) -> Response:
        """The mail as a file.

        Raises:
            Problem: 403 say why first; 404 it is not kept any more.
        """
        content = await self.look(person, sha256, "raw")
        headers = {
            "Content-Disposition": f'attachment; filename="{sha256[:16]}.eml"',
            "Content-Security-Policy": "sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Response(content, media_type="message/rfc822", headers=headers)

    async def look(self, person: Person, sha256: str, how: str) -> bytes:
        """The bytes of a mail for who has said why; the look is written down first. `how`: raw or preview.

        Raises:
            Problem: 403 say why first; 404 it is not kept any more.
            Defer: the audit or the blob store does not answer.
        """
        if not await self._desk.access.looks.use(person, sha256, how):
            raise Problem(HTTPStatus.FORBIDDEN, "say why first", f"POST /v1/mails/{sha256}/access with a reason")
        content = await asyncio.to_thread(self._desk.room.blobs.get, sha256)
        if content is None:
            raise Problem(HTTPStatus.NOT_FOUND, "the mail is not kept any more", "its facts are")
        return content

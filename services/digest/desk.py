"""The operators' API of the quarantine: looking through held mail, and deciding about copies."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from services.digest.handlers.asking import Ask, sender_entry, submit
from services.digest.handlers.deciding import decide, remove
from services.digest.rules.standing import WHY_NOT
from services.digest.rules.terms import canonical
from services.digest.searching import Search, search
from services.digest.tables import Copy, Held, Verdict
from shared.events import ReleaseDecided
from shared.events.vocabulary import QuarantineRefusal
from shared.run import Room
from shared.web import Problem
from shared.work import Work, now


class Act(BaseModel):
    """Who acts, and how. `comment` is told to the recipient; `override` releases what is known to be bad."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field(default="operator", min_length=1, max_length=320)
    comment: str = Field(default="", max_length=1000)
    override: bool = False
    scope: str = Field(default="tenant", max_length=320, description="of a blocked sender: `tenant`, or `recipient`")


class Desk:
    """The routes."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def add_to(self, router: APIRouter) -> None:
        """Offer them."""
        router.add_api_route("/v1/quarantine", self.copies, methods=["GET"])
        router.add_api_route("/v1/quarantine/{held_id}", self.mail, methods=["GET"])
        router.add_api_route("/v1/quarantine/{held_id}/raw", self.raw, methods=["GET"], response_class=Response)
        router.add_api_route("/v1/quarantine/{held_id}/{recipient:path}/{wanted}", self.act, methods=["POST"])

    async def copies(self, asked: Annotated[Search, Query()]) -> dict[str, Any]:
        """Copies of held mails, the newest first. The last page has no `next`."""
        at = now()
        try:
            page = await self._room.database.look(lambda session: search(session, asked, at))
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "this is no cursor", "use `next` of the page before") from error
        return {"quarantine": [_shown(copy, held) for copy, held in page.rows], "next": page.next}

    async def mail(self, held_id: str) -> dict[str, Any]:
        """One held mail: its facts, the newest verdict, and where each copy stands."""
        found = await self._room.database.look(lambda session: _mail(session, held_id))
        if found is None:
            raise _no_such_mail()
        return found

    async def raw(self, held_id: str) -> Response:
        """The mail as it came, as a file that no browser shows."""
        held = await self._room.database.look(lambda session: session.get(Held, held_id))
        raw = await asyncio.to_thread(self._room.blobs.get, held.sha256) if held else None
        if held is None or raw is None:
            raise _no_such_mail()
        headers = {
            "Content-Disposition": f'attachment; filename="{held.sha256[:16]}.eml"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Response(raw, media_type="application/octet-stream", headers=headers)

    async def act(
        self,
        held_id: str,
        recipient: str,
        wanted: Literal["release", "deny", "delete", "submit", "block"],
        act: Act | None = None,
    ) -> dict[str, Any]:
        """Release, deny or delete a copy; have its mail analysed; block its sender."""
        address, asked = canonical(recipient), act or Act()
        code = await self._room.database.run(lambda work: _act(held_id, address, wanted, asked, work))
        if code == "unknown_mail":
            raise _no_such_mail()
        if code:
            hint = " With an override it is released all the same." if code == "now_known_bad" else ""
            raise Problem(HTTPStatus.CONFLICT, code, WHY_NOT[code] + hint)
        return {"held_id": held_id, "recipient": address, "act": wanted}


def _act(held_id: str, recipient: str, wanted: str, asked: Act, work: Work) -> QuarantineRefusal | None:
    copy = work.session.get(Copy, (held_id, recipient))
    if copy is None:
        return "unknown_mail"
    held = work.session.get_one(Held, held_id)
    ask_id = str(uuid4())
    match wanted:
        case "release" | "deny":
            return _decide(copy, "approved" if wanted == "release" else "denied", asked, ask_id, work)
        case "delete":
            return remove(copy, asked.by, work)
        case "block":
            scope = recipient if asked.scope == "recipient" else "tenant"
            return sender_entry(held, "block", scope, Ask("block", asked.by, ask_id), work)
    submit(held, recipient, Ask("submit", asked.by, ask_id, asked.comment), work)
    return None


def _decide(
    copy: Copy, decision: Literal["approved", "denied"], asked: Act, ask_id: str, work: Work
) -> QuarantineRefusal | None:
    decided = ReleaseDecided(
        held_id=copy.held_id,
        recipient=copy.recipient,
        decision=decision,
        by=asked.by,
        comment=asked.comment,
        override=asked.override,
        decision_id=ask_id,
    )
    code = decide(copy, decided, work)
    if code is None:
        work.emit(decided)
    return code


def _mail(session: Session, held_id: str) -> dict[str, Any] | None:
    held = session.get(Held, held_id)
    if held is None:
        return None
    verdict = session.get(Verdict, held.sha256)
    copies = session.exec(select(Copy).where(Copy.held_id == held_id).order_by(col(Copy.recipient)).limit(1000))
    return {
        **_facts(held),
        "verdict": {"category": verdict.category, "case_id": verdict.case_id, "at": verdict.at} if verdict else None,
        "copies": [_standing(copy) for copy in copies],
    }


def _shown(copy: Copy, held: Held) -> dict[str, Any]:
    return {**_facts(held), **_standing(copy)}


def _facts(held: Held) -> dict[str, Any]:
    names = (
        "held_id", "sha256", "mail_from", "from_address", "from_name", "subject", "reason", "held_at", "message_id",
        "size_bytes", "client_ip", "helo", "queue_id",
    )  # fmt: skip
    return {name: getattr(held, name) for name in names}


def _standing(copy: Copy) -> dict[str, Any]:
    names = (
        "held_id", "recipient", "status", "policy", "expires_at", "release_at", "release_by", "attempts", "failure",
        "asked_at", "due_at", "comment", "decided_by", "answer",
    )  # fmt: skip
    return {**{name: getattr(copy, name) for name in names}, "permissions": copy.permissions.split()}


def _no_such_mail() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "unknown_mail", WHY_NOT["unknown_mail"])

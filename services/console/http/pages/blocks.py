"""Entries of the block list: what works, what ends soon, what was refused; a preview before one is asked for."""

from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session, col, select

from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing, back
from services.console.queries.counters import expiring, standing
from services.console.queries.entries import BLOCK_VIEWS, Paged, blocks
from services.console.queries.finding import PREVIEW_MAX, would_hit
from services.console.rules.mail import recipients_of
from services.console.tables import Block
from services.console.words import EXPIRIES
from shared.events import BlockOrigin, BlockRequested, BlockWithdrawn
from shared.events.vocabulary import BlockAction, BlockKind
from shared.web import Problem
from shared.work import now

#: Days that a preview looks back.
PREVIEW_DAYS = 30

Word = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$")]


class Asked(BaseModel):
    """Which entries a page shows."""

    view: Word = ""
    kind: Word = ""
    q: Annotated[str, Field(max_length=2048)] = ""
    before: Annotated[str, Field(max_length=200)] = ""
    done: Annotated[str, Field(max_length=60)] = ""


class NewEntry(BaseModel):
    """The form of an entry. `days` 0: until it is removed."""

    kind: BlockKind
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]
    action: BlockAction = "block"
    days: Annotated[int, Field(ge=0, le=999)] = 30
    scope: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)] = ""
    note: Annotated[str, Field(max_length=1000)] = ""
    case: Annotated[str, Field(max_length=64)] = ""


class Thought(BaseModel):
    """An entry that somebody thinks of."""

    kind: BlockKind
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]
    action: BlockAction = "block"
    case: Annotated[str, Field(max_length=64)] = ""


class BlockPage:
    """The routes."""

    def __init__(self, show: Showing) -> None:
        self._show = show

    def router(self) -> APIRouter:
        """All of them."""
        router, act = APIRouter(include_in_schema=False), self._show.act
        router.add_api_route("/blocks", self.page, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/blocks/preview", self.preview, methods=["GET"], dependencies=self._show.look)
        router.add_api_route("/blocks", self.add, methods=["POST"], dependencies=act)
        router.add_api_route("/blocks/{block_id}/remove", self.remove, methods=["POST"], dependencies=act)
        return router

    async def page(self, person: Asking, asked: Annotated[Asked, Query()]) -> Response:
        """Entries."""
        view = asked.view if asked.view in BLOCK_VIEWS else "active"
        wanted = Paged(view=view, query=asked.q.strip(), kind=asked.kind, before=asked.before)

        def look(session: Session) -> dict[str, Any]:
            rows, more = blocks(session, wanted, now())
            stands = standing(session, "block")
            counts = {
                "active": stands.get("active", 0),
                "refused": stands.get("refused", 0),
                "expiring": expiring(session, now()),
            }
            return {"blocks": rows, "more": more, "counts": counts}

        try:
            told = await self._show.database.look(look)
        except ValueError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "the place in the list is none", str(error)) from error
        return await self._show.page("blocks.html", person, done=asked.done, wanted=wanted, views=BLOCK_VIEWS, **told)

    async def preview(self, person: Asking, entry: Annotated[Thought, Query()]) -> Response:
        """What an entry would have met in the last thirty days."""
        told = await self._show.database.look(lambda session: _met(session, entry.kind, entry.value))
        return await self._show.page(
            "block-preview.html", person, entry=entry, days=PREVIEW_DAYS, expiries=EXPIRIES, **told
        )

    async def add(self, person: Asking, entry: Annotated[NewEntry, Form()]) -> Response:
        """Ask for an entry."""
        ask, at = str(uuid4()), now()
        event = BlockRequested(
            request_id=ask,
            kind=entry.kind,
            value=entry.value,
            action=entry.action,
            scope=entry.scope or "tenant",
            expires_at=at + timedelta(days=entry.days) if entry.days else None,
            never_expires=not entry.days,
            origin=BlockOrigin(by=person.name, case_id=entry.case, note=entry.note),
        )
        told = event.model_dump(mode="json", include={"kind", "value", "action", "scope"})
        await self._show.desk.acts.say(person, "block.requested", ask, event, **told)
        since = at - timedelta(seconds=1)
        await self._show.seen(lambda session: _is_new(session, entry.kind, person.name, since))
        return back(f"/cases/{entry.case}" if entry.case else "/blocks?view=all", "block")

    async def remove(
        self, block_id: str, person: Asking, path: Annotated[str, Form(max_length=1000)] = "/blocks"
    ) -> Response:
        """Ask for an entry's end."""
        event = BlockWithdrawn(request_id=str(uuid4()), block_id=block_id, by=person.name)
        await self._show.desk.acts.say(person, "block.withdrawn", block_id, event)
        await self._show.seen(lambda session: _is_over(session, block_id))
        return back(path, "unblock")


def _met(session: Session, kind: str, value: str) -> dict[str, Any]:
    met = would_hit(session, kind, value, now() - timedelta(days=PREVIEW_DAYS))
    reports = met.reports
    people = {one for report in reports for one in recipients_of(report.envelope) or [report.reporter] if one}
    known = (
        select(Block).where(Block.value == value.lower(), Block.kind == kind).order_by(col(Block.at).desc()).limit(5)
    )
    return {
        "reports": reports,
        "held": met.held,
        "looked_at": PREVIEW_MAX if met.is_cut else 0,
        "people": len(people),
        "senders": Counter(report.from_address for report in reports).most_common(5),
        "verdicts": Counter(report.verdict_category or "none" for report in reports),
        "known": list(session.exec(known)),
    }


def _is_new(session: Session, kind: str, by: str, since: Any) -> bool:
    return (
        session.exec(
            select(Block.id).where(col(Block.at) >= since, Block.kind == kind, Block.by == by).limit(1)
        ).first()
        is not None
    )


def _is_over(session: Session, block_id: str) -> bool:
    row = session.get(Block, block_id)
    return row is None or row.status != "active"

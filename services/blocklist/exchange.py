"""Lists come and go over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from services.blocklist.checking import Wanted
from services.blocklist.feeds import feeds
from services.blocklist.imports import Importer
from services.blocklist.rules.forms import TENANT
from services.blocklist.rules.lists_in import Format
from services.blocklist.rules.lists_out import Listed, Tlp, frame, may_leave, row
from services.blocklist.tables import Entry, active
from shared.events import rfc3339
from shared.events.vocabulary import BlockAction, BlockKind
from shared.run import Room

#: Entries of one look at the database.
PAGE = 2_000

MEDIA_TYPES = {
    "text": "text/plain",
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "stix": "application/stix+json;version=2.1",
    "misp": "application/json",
}


class ImportQuery(BaseModel):
    """How a list is taken in; what its lines say themselves comes first."""

    model_config = ConfigDict(extra="forbid")

    format: Format = "text"
    kind: BlockKind | None = Field(default=None, description="of lines that say none; told by each value when left out")
    action: BlockAction = "block"
    scope: Annotated[str, Field(max_length=320)] = TENANT
    expires: Annotated[str, Field(max_length=40)] = "30d"
    note: Annotated[str, Field(max_length=1_000)] = ""
    by: Annotated[str, Field(max_length=320)] = "api"
    dry_run: bool = Field(default=False, description="only read and check")
    skip_bad: bool = Field(default=False, description="leave out the lines that cannot be listed, instead of all")


class ExportQuery(BaseModel):
    """What leaves, and how."""

    model_config = ConfigDict(extra="forbid")

    format: Format = "csv"
    action: BlockAction | None = None
    tlp: Tlp = Field(
        default="red", description="only entries that may be shared so widely; one without a label is amber"
    )


class ExchangeDoor:
    """The routes."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._importer = Importer(room)

    async def take(self, request: Request, query: Annotated[ImportQuery, Query()]) -> Response:
        """Take a list in, all or nothing: 422 with every bad line, and nothing is listed."""
        outcome = await self._importer.take(request.stream(), Wanted(**query.model_dump()))
        told = asdict(outcome)
        if outcome.fault_count and not query.skip_bad:
            count = outcome.fault_count
            problem = {
                "type": "about:blank",
                "title": f"{count} line{'s' if count > 1 else ''} cannot be listed",
                "status": HTTPStatus.UNPROCESSABLE_ENTITY,
                "detail": "nothing was listed: mend these lines, or have bad lines left out",
            }
            return JSONResponse(
                {**problem, **told}, HTTPStatus.UNPROCESSABLE_ENTITY, media_type="application/problem+json"
            )
        return JSONResponse(told, HTTPStatus.OK if query.dry_run else HTTPStatus.CREATED)

    async def give(self, query: Annotated[ExportQuery, Query()]) -> Response:
        """All entries that work now, in a format."""
        return StreamingResponse(self._pieces(query), media_type=MEDIA_TYPES[query.format])

    async def feeds(self) -> dict[str, Any]:
        """The lists that are followed, and what came of their last reading."""
        return {"feeds": await self._database.look(feeds)}

    async def _pieces(self, query: ExportQuery) -> AsyncIterator[str]:
        kind = query.format
        action = query.action or ("block" if kind == "text" else None)
        head, between, foot = frame(kind)
        after, is_first = "", True
        yield head
        while page := await self._database.look(lambda session: _page(session, kind, action, after)):  # noqa: B023
            after = page[-1].block_id
            if rows := list(filter(None, (row(kind, one) for one in page if may_leave(one.note, query.tlp)))):
                yield ("" if is_first else between) + between.join(rows)
                is_first = False
        yield foot


def _page(session: Session, kind: Format, action: BlockAction | None, after: str) -> list[Listed]:
    """The next entries; those of single recipients only where the format says whose they are."""
    query = select(Entry).where(active(), col(Entry.block_id) > after).order_by(col(Entry.block_id)).limit(PAGE)
    if kind in ("text", "stix", "misp"):
        query = query.where(Entry.scope == TENANT)
    if action:
        query = query.where(Entry.action == action)
    return [
        Listed(
            entry.block_id,
            cast("BlockKind", entry.kind),
            entry.value,
            cast("BlockAction", entry.action),
            entry.scope,
            rfc3339(entry.created_at),
            rfc3339(entry.expires_at) if entry.expires_at else "",
            entry.note,
        )
        for entry in session.exec(query)
    ]

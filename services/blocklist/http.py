"""The API of the block list, and the check: what would happen to a mail, and why."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.blocklist.copies import Copies
from services.blocklist.entries import Book, Wish, end, mails_seen
from services.blocklist.exchange import ExchangeDoor
from services.blocklist.finding import Wanted as Listing
from services.blocklist.finding import candidates, listed, named, view
from services.blocklist.history import HistoryDoor
from services.blocklist.maps import MapDoor
from services.blocklist.probing import probes
from services.blocklist.rules.forms import TENANT, canonical, canonical_scope, kind_of, scopes_of
from services.blocklist.rules.precedence import Client, decide, lookups
from services.blocklist.rules.terms import expiry, idle_days
from services.blocklist.rules.traffic import DAYS, FRESH_DAYS, day_of
from services.blocklist.tables import Entry
from services.blocklist.victims import VictimDoor
from shared.events import BlockOrigin
from shared.events.vocabulary import BlockAction, BlockKind
from shared.run import VERSION, Room
from shared.web import Problem, bearer, same_site, service_app
from shared.work import Database, Work, now

Value = Annotated[str, Field(max_length=8_192)]  # longer ones are refused, or cut where a mail brings them
Name = Annotated[str, Field(max_length=320)]


class Wanted(BaseModel):
    """An entry that somebody wants."""

    value: Value = Field(
        description="an address, domain, URL, host, SHA-256, IP address or network, or a pair SENDER,INFRASTRUCTURE"
    )
    kind: BlockKind | None = Field(default=None, description="told by the value when left out")
    action: BlockAction = "block"
    scope: Name = Field(default=TENANT, description="`tenant`, a recipient's domain, or one recipient's address")
    expires: Annotated[str, Field(max_length=40)] = Field(
        default="30d",
        description="days such as `7d`, days after the last hit such as `hit+30d`, `never`, or a date or moment (RFC 3339)",
    )
    note: Annotated[str, Field(max_length=1_000)] = ""
    by: Name = Field(default="api", description="who wants it")


class MailKeys(BaseModel):
    """What is known of a mail. A field that is not one of these is refused: misspelt, it would let everything pass."""

    model_config = ConfigDict(extra="forbid")

    sender: Value = Field(default="", alias="from")
    recipient: Name = ""
    urls: Annotated[list[Value], Field(max_length=200)] = []
    files: Annotated[list[Value], Field(max_length=100, description="SHA-256 in hex")] = []
    ip: Value = ""
    client_name: Name = Field(default="", description="the client's host name, as its mail server confirmed it")


class Filters(BaseModel):
    """Which entries are listed."""

    kind: BlockKind | None = None
    q: Annotated[str, Field(max_length=320, description="part of the value")] = ""
    expiring_days: Annotated[
        int | None, Field(ge=0, le=3_650, description="only those that end within so many days")
    ] = None
    unused_days: Annotated[
        int | None, Field(ge=1, le=3_650, description="only older ones that stopped nothing for so many days")
    ] = None
    before: Annotated[str, Field(max_length=64, description="`next` of the page before")] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100

    def wanted(self, at: datetime) -> Listing:
        """The same as the book is asked."""
        ends_before = None if self.expiring_days is None else at + timedelta(days=self.expiring_days)
        unused_since = at - timedelta(days=self.unused_days) if self.unused_days else None
        return Listing(self.kind, self.q, ends_before, unused_since, self.before)


def app(room: Room, copies: Copies) -> FastAPI:
    """The application of the block list."""
    application = service_app("blocklist", VERSION, ready=room.ready, documented=True, bounding=("/v1/imports",))
    doors = APIRouter(dependencies=[Depends(bearer(room.settings.door_token())), Depends(same_site)])
    blocks = BlockDoor(room)
    doors.add_api_route("/v1/blocks", blocks.entries, methods=["GET"])
    doors.add_api_route("/v1/blocks", blocks.add, methods=["POST"], status_code=HTTPStatus.CREATED)
    doors.add_api_route("/v1/blocks", blocks.remove_value, methods=["DELETE"])
    doors.add_api_route("/v1/preview", blocks.preview, methods=["POST"])
    doors.add_api_route("/v1/blocks/{block_id}", blocks.remove, methods=["DELETE"])
    doors.add_api_route("/v1/check", blocks.check, methods=["POST"])
    victims = VictimDoor(room, copies)
    doors.add_api_route("/v1/blocks/{block_id}/victims", victims.victims, methods=["GET"])
    doors.add_api_route("/v1/blocks/{block_id}/deliver", victims.deliver, methods=["POST"])
    history = HistoryDoor(room)
    doors.add_api_route("/v1/history", history.history, methods=["GET"])
    doors.add_api_route("/v1/blocks/{block_id}/undo", history.undo, methods=["POST"])
    exchange = ExchangeDoor(room)
    doors.add_api_route("/v1/imports", exchange.take, methods=["POST"], status_code=HTTPStatus.CREATED)
    doors.add_api_route("/v1/exports", exchange.give, methods=["GET"])
    doors.add_api_route("/v1/feeds", exchange.feeds, methods=["GET"])
    doors.add_api_route("/v1/probes", blocks.probes, methods=["GET"])
    maps = MapDoor(room.database)
    doors.add_api_route("/maps/{name}", maps.get, methods=["GET"])
    application.include_router(doors)
    return application


class BlockDoor:
    """The entries of one tenant."""

    def __init__(self, room: Room) -> None:
        self._database: Database = room.database
        self._book = Book(room.settings)

    async def entries(self, filters: Annotated[Filters, Query()]) -> dict[str, Any]:
        """The entries that work now, the newest first. `next` of the last page is empty."""
        limit = filters.limit
        found = await self._database.look(lambda session: listed(session, filters.wanted(now()), limit=limit + 1))
        shown = found[:limit]
        return {"blocks": [view(entry) for entry in shown], "next": shown[-1].block_id if len(found) > limit else ""}

    async def add(self, wanted: Wanted) -> dict[str, Any]:
        """Add an entry; it works from the next mail on. One that stands already is kept, with the later end."""
        cause = str(uuid4())

        def write(work: Work) -> dict[str, Any]:
            wish = Wish(
                kind=wanted.kind or kind_of(wanted.value),
                value=wanted.value,
                action=wanted.action,
                scope=wanted.scope,
                expires_at=expiry(text=wanted.expires, at=work.at),
                origin=BlockOrigin(by=wanted.by, note=wanted.note),
                cause=cause,
                idle_days=idle_days(text=wanted.expires),
            )
            return view(self._book.add(wish, work))

        return await self._database.run(write)

    async def preview(self, wanted: Wanted) -> dict[str, Any]:
        """Whether an entry would be made, and what it would have stopped; nothing is changed."""
        kind = wanted.kind or kind_of(wanted.value)
        value = canonical(kind=kind, value=wanted.value)
        wish = Wish(
            kind=kind,
            value=value,
            action=wanted.action,
            scope=canonical_scope(wanted.scope),
            expires_at=expiry(text=wanted.expires, at=now()),
            origin=BlockOrigin(by=wanted.by),
            cause="preview",
        )
        today = day_of(now())

        def look(session: Session) -> dict[str, Any]:
            mails, days = mails_seen(session, kind=kind, value=value, since=today - DAYS, until=today)
            old, old_days = mails_seen(session, kind=kind, value=value, since=today - DAYS, until=today - FRESH_DAYS)
            standing = [view(entry) for entry in named(session, value) if entry.kind == kind]
            people, verdicts = (
                self._book.why_not(wish, at=now()),
                self._book.why_not(replace(wish, claimant="-"), at=now()),
            )
            return {
                "kind": kind,
                "value": value,
                "accepted": not people,
                "reason": people,
                "accepted_of_verdicts": not (verdicts or self._book.collateral(mails=old, days=old_days)),
                "reason_of_verdicts": verdicts or self._book.collateral(mails=old, days=old_days),
                "mails_passed": mails,
                "days_passed": days,
                "of_days": DAYS,
                "standing": standing,
            }

        return await self._database.look(look)

    async def remove(self, block_id: Name, by: Name = "api") -> dict[str, Any]:
        """Remove an entry by its id."""

        def write(work: Work) -> list[str]:
            entry = work.session.get(Entry, block_id)
            return _end_all([entry] if entry and entry.status == "active" else [], by, work)

        return await self._removed(write)

    async def remove_value(self, value: Value, by: Name = "api") -> dict[str, Any]:
        """Remove every entry of a value, of whatever kind and scope."""
        return await self._removed(lambda work: _end_all(named(work.session, value), by, work))

    async def check(self, mail: MailKeys) -> dict[str, Any]:
        """The entry that decides about a mail, and the precedence that led to it.

        Raises:
            Reject: a file is no SHA-256, or `ip` no address: taken for unknown, it would look as if nothing named it.
        """
        client = Client(mail.ip, mail.client_name)
        for sha256 in mail.files:
            canonical(kind="file", value=sha256)
        if mail.ip:
            canonical(kind="ip", value=mail.ip)
        keys = lookups(senders=(mail.sender,), urls=mail.urls, files=mail.files, client=client)
        scopes = {TENANT, *scopes_of(mail.recipient)}
        at = now()

        def look(session: Session) -> dict[str, Any]:
            decision = decide(candidates=candidates(session, keys, scopes=scopes, at=at))
            entry = session.get(Entry, decision.entry.block_id) if decision.entry else None
            return {
                "action": entry.action if entry else "none",
                "entry": view(entry) if entry else None,
                "why": list(decision.why),
            }

        return await self._database.look(look)

    async def probes(self) -> dict[str, Any]:
        """What each gateway that is asked did with its last probe mail."""
        return {"probes": await self._database.look(probes)}

    async def _removed(self, write: Callable[[Work], list[str]]) -> dict[str, Any]:
        removed = await self._database.run(write)
        if not removed:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                "there is no such entry",
                "nothing that works now has this id or value: look for it in the list of entries",
            )
        return {"removed": removed}


def _end_all(ending: Iterable[Entry], by: str, work: Work) -> list[str]:
    removed = []
    for entry in ending:
        end(entry, work, by=by)
        removed.append(entry.block_id)
    return removed

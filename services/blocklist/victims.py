"""Who lost a mail to an entry, and giving it to them after the entry was removed: through the quarantine, with its original envelope."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session, col, select

from services.blocklist.copies import Copies, people_of
from services.blocklist.enforcing.milter import keys_of
from services.blocklist.finding import candidates
from services.blocklist.rules.forms import TENANT, scopes_of
from services.blocklist.rules.precedence import Client, Lookup, decide
from services.blocklist.tables import Copy, Entry
from shared.apart import read_mail_apart
from shared.blobs import Blobs
from shared.events import MailEnvelope, MailHeld, MessageByValue, ReleaseDecided, held_id, rfc3339
from shared.run import Room
from shared.web import Problem
from shared.work import Work, now

#: What to do when an id is of no entry.
UNKNOWN = "give the id that the refusal tells, or the history of the value"

#: Mails that one request delivers: each is read again, and asked about.
STEP = 50

Name = Annotated[str, Field(max_length=320)]


class VictimDoor:
    """The routes."""

    def __init__(self, room: Room, copies: Copies) -> None:
        self._database = room.database
        self._blobs: Blobs = room.blobs
        self._copies = copies

    async def victims(self, block_id: Name) -> dict[str, Any]:
        """The mails that an entry stopped and of which a copy is kept, the newest first."""
        found = await self._database.look(
            lambda session: _kept(session, block_id) if _is_known(session, block_id) else None
        )
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such entry", UNKNOWN)
        return {"victims": [_view(copy) for copy in found]}

    async def deliver(self, block_id: Name, by: Name = "api") -> dict[str, Any]:
        """Deliver what an entry that was removed had stopped, some mails at a time: call again while `left` is not 0.

        What another entry stops now stays where it is: removing an entry undoes nothing that was rightly refused.
        """
        entry = await self._database.look(lambda session: session.get(Entry, block_id))
        if entry is None or entry.status == "active":
            raise Problem(
                HTTPStatus.CONFLICT if entry else HTTPStatus.NOT_FOUND,
                "the entry stands" if entry else "there is no such entry",
                "remove it first: its victims' mails would be stopped again" if entry else UNKNOWN,
            )
        waiting = await self._database.look(lambda session: _kept(session, block_id, waiting=True))
        told = {"delivered": 0, "stopped_by_others": 0, "gone": 0, "left": max(0, len(waiting) - STEP)}
        for copy in waiting[:STEP]:
            told[await self._deliver(copy, by)] += 1
        return told

    async def _deliver(self, copy: Copy, by: str) -> str:
        """One mail to those whom no other entry keeps from it; what became of it."""
        raw = await self._copies.read(copy.sha256)
        people: list[str] = []
        if raw is not None:
            mail = await asyncio.to_thread(read_mail_apart, raw)
            keys = keys_of(mail, copy.sender, Client(copy.client_ip))
            people = await self._database.look(lambda session: _free(session, keys, people_of(copy)))
            if people:
                await asyncio.to_thread(self._blobs.put, [raw])
        outcome = "gone" if raw is None else "delivered" if people else "stopped_by_others"
        await self._database.run(lambda work: _hand_over(copy, outcome, people, by, work))
        return outcome


def _is_known(session: Session, block_id: str) -> bool:
    return session.get(Entry, block_id) is not None


def _kept(session: Session, block_id: str, *, waiting: bool = False) -> Sequence[Copy]:
    query = select(Copy).where(Copy.block_id == block_id).order_by(col(Copy.kept_at).desc(), col(Copy.copy_id))
    return session.exec(query.where(Copy.outcome == "") if waiting else query).all()


def _view(copy: Copy) -> dict[str, Any]:
    return {
        **copy.model_dump(include={"copy_id", "block_id", "sha256", "size_bytes", "sender", "client_ip", "outcome"}),
        "recipients": people_of(copy),
        "kept_at": rfc3339(copy.kept_at),
    }


def _free(session: Session, keys: Sequence[Lookup], people: Sequence[str]) -> list[str]:
    """Those whom no entry that works now keeps from this mail."""
    free, at = [], now()
    for one in people:
        found = candidates(session, keys, scopes={TENANT, *scopes_of(one)}, at=at)
        entry = decide(candidates=found).entry
        if entry is None or entry.action == "allow":
            free.append(one)
    return free


def _hand_over(copy: Copy, outcome: str, people: Sequence[str], by: str, work: Work) -> None:
    """Held with its envelope, and at once decided on: from there on it goes the way of every release."""
    row = work.session.get(Copy, copy.copy_id)
    if row is None or row.outcome:
        return
    row.outcome = outcome
    if not people:
        return
    envelope = MailEnvelope(mail_from=copy.sender, rcpt_to=tuple(people), client_ip=copy.client_ip)
    message = MessageByValue(sha256=copy.sha256)
    work.emit(MailHeld(message=message, envelope=envelope, reason="blocked_sender", queue_id=copy.copy_id))
    held = held_id(queue_id=copy.copy_id, sha256=copy.sha256, envelope=envelope)
    for recipient in people:
        work.emit(ReleaseDecided(held_id=held, recipient=recipient, decision="approved", by=by))

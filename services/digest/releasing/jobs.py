"""Releases: each copy is taken, handed to the gateway with no transaction open, and marked.

A mail is handed over once. What is not known to have failed is not tried again: when the answer to a whole mail was lost,
or the process died on the way, people are told so and decide.
"""

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import col, select

from services.digest.handlers.asking import refuse
from services.digest.handlers.deciding import answer
from services.digest.releasing.reinject import Doubt, Origin, Reinjection
from services.digest.rules.standing import KNOWN_BAD, OPEN
from services.digest.tables import Copy, Held, Verdict
from shared.errors import Defer, Reject
from shared.events import QuarantineExpired, QuarantineReleased, QuarantineReleaseFailed
from shared.run import Room
from shared.work import Work, now

#: Copies released, and copies expired, in one step.
STEP, EXPIRE_STEP = 100, 500

#: Attempts at a release before it is given up.
ATTEMPTS = 5

#: What is being handed over is nobody else's for this time: longer than any conversation with a mail server takes.
LEASE = timedelta(minutes=5)

IN_DOUBT = "the gateway's answer was lost: it may have delivered the mail; look there before it is released again"


class Releases:
    """The job that hands approved copies back to the gateway: once for each recipient, byte for byte."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._learn = room.settings.learns
        url = room.settings.reinject_url
        self._gateway = Reinjection(url) if url else None
        self._log = structlog.stdlib.get_logger("release")

    async def __call__(self) -> bool:
        """Release what is due."""
        query = select(Copy.held_id, Copy.recipient).where(col(Copy.release_at) <= now()).limit(STEP)
        due = await self._room.database.look(lambda session: session.exec(query).all())
        for held_id, recipient in due:
            await self._release(held_id, recipient)
        return len(due) == STEP

    async def _release(self, held_id: str, recipient: str) -> None:
        held = await self._room.database.run(lambda work: take(held_id, recipient, work))
        if held is None:
            return
        failure: Exception | None = None
        try:
            where = await self._hand_over(held, recipient)
            self._log.info("mail is released", held_id=held_id, queue_id=where)
        except (Defer, Reject) as error:
            failure = error
            self._log.warning("release failed", held_id=held_id, reason=str(error))
        await self._room.database.run(lambda work: conclude(held_id, recipient, failure, self._learn, work))

    async def _hand_over(self, held: Held, recipient: str) -> str:
        if self._gateway is None:
            raise Defer("LONGSTOP_REINJECT_URL is not set: there is nowhere to release to")
        raw = await asyncio.to_thread(self._room.blobs.get, held.sha256)
        if raw is None:
            raise Reject("the mail is not in the blob store")
        if sha256(raw).hexdigest() != held.sha256:
            raise Reject("the mail in the blob store is not the one that was held")
        origin = Origin(addr=held.client_ip, helo=held.helo, ident=held.queue_id or held.held_id)
        return await self._gateway.hand_over(raw, sender=held.mail_from, recipient=recipient, origin=origin)


async def expire(room: Room) -> bool:
    """Expire copies whose time is over; what is on its way out is let go."""
    if not await room.database.look(
        lambda session: session.exec(select(Copy.held_id).where(*_over(now())).limit(1)).first()
    ):
        return False
    return await room.database.run(end_over)


def end_over(work: Work) -> bool:
    """Expire some; whether there may be more."""
    copies = work.load(Copy, *_over(work.at), limit=EXPIRE_STEP)
    for copy in copies:
        copy.status, copy.due_at = "expired", None
        work.emit(QuarantineExpired(held_id=copy.held_id, recipient=copy.recipient))
    return len(copies) == EXPIRE_STEP


def _over(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(Copy.status).in_(OPEN), col(Copy.expires_at) <= at, col(Copy.release_at).is_(None)


def take(held_id: str, recipient: str, work: Work) -> Held | None:
    """Take a copy whose release is due; None when it is another's, was forgotten, or may not go."""
    copy = work.session.get(Copy, (held_id, recipient))
    if copy is None or copy.release_at is None or copy.release_at > work.at:
        return None
    held = work.session.get_one(Held, held_id)
    if copy.handing:
        _give_up(copy, IN_DOUBT, work)
        return None
    verdict = work.session.get(Verdict, held.sha256)
    if verdict and verdict.category in KNOWN_BAD and not copy.override:
        copy.release_at = None
        refuse((held_id, recipient), "release", "now_known_bad", copy.release_ask, work)
        if copy.release_ask != copy.decision_ask:
            answer(copy, "refused", work)
        return None
    copy.handing, copy.release_at = True, work.at + LEASE
    return held


def conclude(held_id: str, recipient: str, failure: Exception | None, learn: frozenset[str], work: Work) -> None:
    """Mark what came of a try."""
    copy = work.session.get(Copy, (held_id, recipient))
    if copy is None or not copy.handing:
        return
    if failure is None:
        copy.status, copy.release_at, copy.handing, copy.due_at = "released", None, False, None
        work.emit(QuarantineReleased(held_id=held_id, recipient=recipient, by=copy.release_by))
        by_operator = copy.release_ask == copy.decision_ask
        if by_operator:
            answer(copy, "approved", work)
        _learn(held_id, "approved" if by_operator else "self", learn, work)
    elif isinstance(failure, Doubt):
        _give_up(copy, IN_DOUBT, work)
    elif isinstance(failure, Reject) or (copy.attempts + 1) % ATTEMPTS == 0:
        _give_up(copy, str(failure), work)
    else:
        _failed(copy, str(failure), work)
        copy.release_at = work.at + timedelta(seconds=30 * 2 ** (copy.attempts % ATTEMPTS))


def _learn(held_id: str, how: str, learn: frozenset[str], work: Work) -> None:
    held = work.session.get_one(Held, held_id)
    if how in learn and held.learn_at is None and not held.learn_attempts:
        held.learn_at = work.at


def _give_up(copy: Copy, reason: str, work: Work) -> None:
    _failed(copy, reason, work, final=True)
    copy.release_at = None


def _failed(copy: Copy, reason: str, work: Work, *, final: bool = False) -> None:
    copy.attempts, copy.handing, copy.failure = copy.attempts + 1, False, reason
    work.emit(
        QuarantineReleaseFailed(
            held_id=copy.held_id, recipient=copy.recipient, reason=reason, attempts=copy.attempts, final=final
        )
    )

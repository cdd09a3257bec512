"""What digest does with held copies by the clock: releases, expires."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import col, select

from services.digest.rules import OPEN
from services.digest.tables import Copy, Held
from shared.errors import Defer, Reject
from shared.events import QuarantineExpired, QuarantineReleased, QuarantineReleaseFailed
from shared.outgoing import SmtpPostman
from shared.run import Room
from shared.work import Work, now

#: Copies released or expired in one step, and attempts at one release.
STEP, RELEASE_ATTEMPTS = 100, 5

#: What is being released is nobody else's for this time: longer than any conversation with a mail server takes.
LEASE = timedelta(minutes=5)


class Releases:
    """Hands approved copies back to the gateway: once for each recipient, byte for byte."""

    def __init__(self, room: Room) -> None:
        self._room = room
        url = room.settings.reinject_url
        self._postman = SmtpPostman(url) if url else None

    async def __call__(self) -> bool:
        """Release what is due."""
        query = (
            select(Copy, Held)
            .join(Held, col(Held.held_id) == col(Copy.held_id))
            .where(col(Copy.release_at) <= now())
            .limit(STEP)
        )
        due = await self._room.database.look(lambda session: list(session.exec(query)))
        for copy, held in due:
            await self._release(copy, held)
        return len(due) == STEP

    async def _release(self, copy: Copy, held: Held) -> None:
        if not await self._room.database.run(lambda work: _take_copy(copy.held_id, copy.recipient, work), quiet=True):
            return
        reason = ""
        try:
            await self._hand_back(copy, held)
        except (Defer, Reject) as error:
            reason = str(error)
        await self._room.database.run(lambda work: _released(copy.held_id, copy.recipient, reason, work))

    async def _hand_back(self, copy: Copy, held: Held) -> None:
        if self._postman is None:
            raise Defer("LONGSTOP_REINJECT_URL is not set: there is nowhere to release to")
        raw = await asyncio.to_thread(self._room.blobs.get, held.sha256)
        if raw is None:
            raise Reject("the mail is not in the blob store")
        await self._postman.send(raw, sender=held.mail_from, recipient=copy.recipient, name=copy.held_id)


async def expire(room: Room) -> bool:
    """Expire copies whose time is over."""
    query = select(Copy).where(col(Copy.status).in_(OPEN), Copy.expires_at <= now()).limit(STEP)
    due = await room.database.look(lambda session: session.exec(query).all())
    if due:
        await room.database.run(lambda work: _expire([(copy.held_id, copy.recipient) for copy in due], work))
    return len(due) == STEP


def _take_copy(held_id: str, recipient: str, work: Work) -> bool:
    """Take a copy whose release is due for a while; False when another replica has."""
    copy = work.session.get_one(Copy, (held_id, recipient))
    if copy.release_at is None or copy.release_at > work.at:
        return False
    copy.release_at = work.at + LEASE
    return True


def _released(held_id: str, recipient: str, reason: str, work: Work) -> None:
    copy = work.session.get_one(Copy, (held_id, recipient))
    if copy.release_at is None:
        return
    copy.attempts += 1
    if not reason:
        copy.status, copy.release_at = "released", None
        work.emit(QuarantineReleased(held_id=held_id, recipient=recipient, by=copy.release_by))
        return
    work.emit(QuarantineReleaseFailed(held_id=held_id, recipient=recipient, reason=reason, attempts=copy.attempts))
    over = copy.attempts >= RELEASE_ATTEMPTS
    copy.release_at = None if over else work.at + timedelta(seconds=30 * 2**copy.attempts)


def _expire(keys: Sequence[tuple[str, str]], work: Work) -> None:
    for held_id, recipient in keys:
        copy = work.session.get_one(Copy, (held_id, recipient))
        if copy.status not in OPEN:
            continue  # decided meanwhile
        copy.status, copy.release_at = "expired", None
        work.emit(QuarantineExpired(held_id=held_id, recipient=recipient))

"""Notices on their way: each is taken for a while, sent with no transaction open, and marked."""

from datetime import timedelta

import structlog
from sqlmodel import col, select

from services.mailboxes.notices.letter import build
from services.mailboxes.tables import Box, Purge
from shared.errors import Defer, Reject
from shared.events import NotificationSent, PurgeMatch, fact_id
from shared.outgoing import Postman
from shared.run import Room
from shared.work import Work, now

#: Notices of one step, and attempts at one.
STEP, ATTEMPTS = 100, 20

#: What is being sent is nobody else's for this time: longer than any conversation with a mail server takes.
LEASE = timedelta(minutes=5)


class SendNotices:
    """The job that sends what is due."""

    def __init__(self, room: Room, postman: Postman) -> None:
        self._room = room
        self._settings = room.settings
        self._postman = postman
        self._log = structlog.stdlib.get_logger("notices")

    async def __call__(self) -> bool:
        """One step; True when there may be more."""
        query = select(Box.purge_id, Box.mailbox).where(col(Box.tell_at) <= now()).limit(STEP)
        due = await self._room.database.look(lambda session: session.exec(query).all())
        for purge_id, mailbox in due:
            await self._send(purge_id, mailbox)
        return len(due) == STEP

    async def _send(self, purge_id: str, mailbox: str) -> None:
        taken = await self._room.database.run(lambda work: _take(purge_id, mailbox, work), quiet=True)
        if taken is None:
            return
        match, count = taken
        # The same notice again, after a crash between sending and marking, has the same Message-ID.
        notice_id = fact_id("notice", purge_id, mailbox)
        try:
            raw = build(
                match,
                to=mailbox,
                count=count,
                language=self._settings.purge_language,
                mail_from=self._settings.mail_from,
                message_id=f"{notice_id}@longstop",
                at=now(),
            )
            await self._postman.send(raw, sender="", recipient=mailbox, name=f"purge-{notice_id[:8]}")
        except (Defer, Reject, ValueError) as error:
            self._log.warning("notice waits", purge=purge_id, reason=str(error))
            final = not isinstance(error, Defer)
            await self._room.database.run(lambda work: _wait(purge_id, mailbox, work, final=final), quiet=True)
            return
        await self._room.database.run(lambda work: _sent(purge_id, mailbox, notice_id, work))


def _take(purge_id: str, mailbox: str, work: Work) -> tuple[PurgeMatch, int] | None:
    """Take a due notice for a while; None when another replica has."""
    box, purge = work.session.get(Box, (purge_id, mailbox)), work.session.get(Purge, purge_id)
    if box is None or purge is None or box.tell_at is None or box.tell_at > work.at:
        return None
    box.tell_at = work.at + LEASE
    return PurgeMatch.model_validate_json(purge.match), box.moved


def _wait(purge_id: str, mailbox: str, work: Work, *, final: bool) -> None:
    if box := work.session.get(Box, (purge_id, mailbox)):
        box.tell_attempts += 1
        over = final or box.tell_attempts >= ATTEMPTS
        box.tell_at = None if over else work.at + timedelta(seconds=min(10 * 2**box.tell_attempts, 3600))


def _sent(purge_id: str, mailbox: str, notice_id: str, work: Work) -> None:
    if box := work.session.get(Box, (purge_id, mailbox)):
        box.tell_at = None
        work.emit(
            NotificationSent(
                notification_id=notice_id,
                kind="purge",
                recipient=mailbox,
                message_id=f"{notice_id}@longstop",
                item_count=box.moved,
            )
        )

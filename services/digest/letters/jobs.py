"""Digests by the clock: decided, in the transaction that marks what they tell as told; sent afterwards."""

from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select

from services.digest.letters.letter import build, lines
from services.digest.tables import Copy, Held, Mail
from shared.errors import Defer, Reject
from shared.events import NotificationSent
from shared.links import Links
from shared.outgoing import Postman
from shared.run import Room
from shared.work import Work, now

#: Rows of one digest: what a person reads; the rest comes with the next.
ROWS_MAX = 200

#: Recipients decided about and mails sent in one step, and attempts at one mail.
STEP, MAIL_ATTEMPTS = 100, 20

#: What is being sent is nobody else's for this time: longer than any conversation with a mail server takes.
LEASE = timedelta(minutes=5)

Row = tuple[Copy, Held]


class Digests:
    """Decides which copies a digest tells of, in the transaction that marks them told; sends it afterwards."""

    def __init__(self, room: Room, links: Links, postman: Postman) -> None:
        self._room = room
        self._settings = room.settings
        self._links = links
        self._postman = postman
        self._log = structlog.stdlib.get_logger("digest")

    async def decide_due(self) -> bool:
        """Decide a digest for each recipient who has news and had none for long enough."""
        before = now() - timedelta(seconds=self._settings.digest_every_s)
        recent = select(Mail.recipient).where(Mail.decided_at > before)
        query = select(Copy.recipient).where(_untold(), col(Copy.recipient).not_in(recent)).distinct().limit(STEP)
        recipients = await self._room.database.look(lambda session: session.exec(query).all())
        for recipient in recipients:
            await self.decide(recipient)
        return len(recipients) == STEP

    async def decide(self, recipient: str) -> str:
        """Decide one digest now; its id, or the empty string when there is nothing new."""
        return await self._room.database.run(lambda work: self._decide(recipient, work))

    def _decide(self, recipient: str, work: Work) -> str:
        query = (
            select(Copy).where(_untold(), Copy.recipient == recipient).order_by(col(Copy.expires_at)).limit(ROWS_MAX)
        )
        copies = work.session.exec(query).all()
        if not copies:
            return ""
        mail = Mail(
            mail_id=str(uuid4()), recipient=recipient, decided_at=work.at, due_at=work.at, item_count=len(copies)
        )
        work.session.add(mail)
        for copy in copies:
            copy.mail_id = mail.mail_id
        return mail.mail_id

    async def send_due(self) -> bool:
        """Send what was decided; again later what could not be sent."""
        query = select(Mail.mail_id).where(col(Mail.due_at) <= now()).limit(STEP)
        due = await self._room.database.look(lambda session: session.exec(query).all())
        for mail_id in due:
            await self.send(mail_id)
        return len(due) == STEP

    async def send(self, mail_id: str) -> str:
        """Send one digest; where it went, or the empty string when it has to wait or another replica sends it."""
        if not await self._room.database.run(lambda work: _take_mail(mail_id, work), quiet=True):
            return ""
        mail, rows = await self._room.database.look(lambda session: _mail_and_rows(mail_id, session))
        told = lines(rows, self._links, mail.decided_at)
        message_id = f"{mail_id}@longstop"
        try:
            raw = build(
                mail.recipient, told, mail_from=self._settings.mail_from, message_id=message_id, at=mail.decided_at
            )
            where = await self._postman.send(raw, sender="", recipient=mail.recipient, name=mail_id[:8])
        except (Defer, Reject, ValueError) as error:
            self._log.warning("digest waits", mail=mail_id, reason=str(error))
            final = not isinstance(error, Defer)
            await self._room.database.run(lambda work: _wait(mail_id, work, final=final))
            return ""
        await self._room.database.run(lambda work: _sent(mail_id, message_id, work))
        return where

    async def preview(self, recipient: str) -> list[Row]:
        """What the next digest of a recipient would tell."""
        query = select(Copy, Held).join(Held, col(Held.held_id) == col(Copy.held_id))
        query = query.where(_untold(), Copy.recipient == recipient).order_by(col(Copy.expires_at)).limit(ROWS_MAX)
        return await self._room.database.look(lambda session: list(session.exec(query)))


def _untold() -> ColumnElement[bool]:
    return and_(col(Copy.mail_id) == "", col(Copy.status) == "held")


def _mail_and_rows(mail_id: str, session: Session) -> tuple[Mail, list[Row]]:
    query = select(Copy, Held).join(Held, col(Held.held_id) == col(Copy.held_id)).where(Copy.mail_id == mail_id)
    return session.get_one(Mail, mail_id), list(session.exec(query.order_by(col(Held.held_at))))


def _take_mail(mail_id: str, work: Work) -> bool:
    """Take a due mail for a while; False when another replica has."""
    mail = work.session.get_one(Mail, mail_id)
    if mail.due_at is None or mail.due_at > work.at:
        return False
    mail.due_at = work.at + LEASE
    return True


def _wait(mail_id: str, work: Work, *, final: bool) -> None:
    mail = work.session.get_one(Mail, mail_id)
    mail.attempts += 1
    over = final or mail.attempts >= MAIL_ATTEMPTS
    mail.due_at = None if over else work.at + timedelta(seconds=min(10 * 2**mail.attempts, 3600))


def _sent(mail_id: str, message_id: str, work: Work) -> None:
    mail = work.session.get_one(Mail, mail_id)
    if mail.due_at is None:
        return
    mail.due_at = None
    work.emit(
        NotificationSent(
            notification_id=mail_id,
            kind="digest",
            recipient=mail.recipient,
            message_id=message_id,
            item_count=mail.item_count,
        )
    )

"""Digests by the clock: decided when they are due, sent afterwards, again with the same Message-ID when in doubt."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import Session, col, select

from services.digest.letters.deciding import ROWS_MAX, decide_due, decide_now, give_up, reckon, take_stock, untold
from services.digest.letters.letter import Letter, Letters
from services.digest.letters.people import People
from services.digest.letters.rows import Row
from services.digest.letters.tables import Mail, Mailbox, Preference, digest_of
from services.digest.tables import Copy, Held
from shared.errors import Defer, Reject
from shared.events import NotificationSent
from shared.outgoing import Postman
from shared.run import Room
from shared.work import Work, now

#: Mailboxes reckoned or decided about, and letters taken, in one step.
STEP = 100

#: Letters sent at the same time, and marked together: what a crash may send twice, with the same Message-IDs.
WAVE = 10

#: Attempts at one letter; then the next digest tells what it would have told.
ATTEMPTS = 20

#: What is being sent is nobody else's for this time: longer than all waves of a step take.
LEASE = timedelta(minutes=10)


class Digests:
    """Decides and sends digests."""

    def __init__(self, room: Room, people: People, letters: Letters, postman: Postman) -> None:
        self._database = room.database
        self._people = people
        self._letters = letters
        self._postman = postman
        self._has_stock = False
        self._log = structlog.stdlib.get_logger("digest")

    async def decide_due(self) -> bool:
        """A job: reckon when digests are due, and decide those that are; True when there may be more."""
        if not self._has_stock:
            await self._database.run(take_stock, quiet=True)
            self._has_stock = True
        looked = 0
        if await self._database.look(_is_unreckoned):
            looked = await self._database.run(lambda work: reckon(self._people, STEP, work), quiet=True)
        decided = 0
        if await self._database.look(_is_due):
            decided = await self._database.run(lambda work: decide_due(self._people, STEP, work))
        return STEP in (looked, decided)

    async def send_due(self) -> bool:
        """A job: send what was decided; again later what could not be sent."""
        query = select(Mail.mail_id).where(col(Mail.due_at) <= now()).order_by(col(Mail.due_at)).limit(STEP)
        due = await self._database.look(lambda session: session.exec(query).all())
        if due:
            await self._send(due)
        return len(due) == STEP

    async def send_now(self, address: str) -> dict[str, Any]:
        """Decide and send the digest of an address, whenever it is due; of several letters, the first is told."""
        mail_ids = await self._database.run(lambda work: decide_now(address, self._people, work), quiet=True)
        letters, where = await self._send(mail_ids)
        if not letters:
            return {"notification_id": "", "item_count": 0, "message_id": ""}
        first = letters[0]
        return {
            "notification_id": first.mail_id,
            "item_count": len(first.rows),
            "message_id": first.message_id,
            "path": where[0],
        }

    async def preview(self, address: str) -> str:
        """The HTML of the digest that an address would get now."""
        return await self._database.look(lambda session: self._letters.html(self._preview(address, session)))

    async def _send(self, mail_ids: Sequence[str]) -> tuple[list[Letter], list[str]]:
        """Send letters that nobody else sends; where each went, or empty."""
        taken = await self._database.run(lambda work: _take(mail_ids, work), quiet=True)
        letters = await self._database.look(lambda session: self._read(taken, session))
        where: list[str] = []
        for start in range(0, len(letters), WAVE):
            where += await self._send_wave(letters[start : start + WAVE])
        return letters, where

    async def _send_wave(self, letters: Sequence[Letter]) -> list[str]:
        """Send some together and mark them in one transaction; where each went, or empty."""
        done = await asyncio.gather(*map(self._try, letters))
        await self._database.run(lambda work: _mark(list(zip(letters, done, strict=True)), work))
        return [where for where, _ in done]

    async def _try(self, letter: Letter) -> tuple[str, Exception | None]:
        if not letter.rows:
            return "", Reject("the mails that it told of were forgotten meanwhile")
        try:
            raw = await asyncio.to_thread(self._letters.build, letter)
            name = f"{digest_of(letter.mail_id)[:8]}{letter.mail_id[36:]}"
            return await self._postman.send(raw, sender="", recipient=letter.reader, name=name), None
        except (Defer, Reject, ValueError) as error:
            self._log.warning("digest waits", mail=letter.mail_id, reason=str(error))
            return "", error

    def _read(self, mail_ids: Sequence[str], session: Session) -> list[Letter]:
        """What letters tell: their mails, copies and readers' preferences, each in one query."""
        mails = session.exec(select(Mail).where(col(Mail.mail_id).in_(mail_ids))).all()
        theirs = col(Copy.recipient).in_({mail.mailbox or mail.recipient for mail in mails})
        told = col(Copy.mail_id).in_({digest_of(mail_id) for mail_id in mail_ids})
        query = select(Copy, Held).join(Held, col(Held.held_id) == col(Copy.held_id)).where(theirs, told)
        rows: dict[str, list[Row]] = {}
        for copy, held in session.exec(query):
            rows.setdefault(copy.mail_id, []).append(_row(copy, held))
        preferences = _preferences([mail.recipient for mail in mails], session)
        return [self._letter(mail, rows.get(digest_of(mail.mail_id), []), preferences) for mail in mails]

    def _letter(self, mail: Mail, rows: Sequence[Row], preferences: dict[str, Preference]) -> Letter:
        mailbox = mail.mailbox or mail.recipient
        own = self._people.of(mail.recipient, preferences.get(mail.recipient.lower()))
        schedule = own.schedule if mailbox == mail.recipient else self._people.of(mailbox).schedule
        return Letter(
            mail.mail_id,
            mail.recipient,
            mailbox,
            mail.decided_at,
            own.language,
            own.schedule.zone,
            schedule,
            rows,
            mail.rest,
        )

    def _preview(self, address: str, session: Session) -> Letter:
        query = select(Copy, Held).join(Held, col(Held.held_id) == col(Copy.held_id)).where(untold())
        query = query.where(Copy.recipient == address).order_by(col(Copy.expires_at)).limit(ROWS_MAX)
        rows = [_row(copy, held) for copy, held in session.exec(query)]
        mail = Mail(mail_id="preview", recipient=address, decided_at=now(), item_count=len(rows))
        return self._letter(mail, rows, _preferences([address], session))


def _is_unreckoned(session: Session) -> bool:
    query = select(Mailbox.address).where(col(Mailbox.news_at).is_not(None), col(Mailbox.due_at).is_(None)).limit(1)
    return session.exec(query).first() is not None


def _is_due(session: Session) -> bool:
    return session.exec(select(Mailbox.address).where(col(Mailbox.due_at) <= now()).limit(1)).first() is not None


def _preferences(addresses: Sequence[str], session: Session) -> dict[str, Preference]:
    keys = {address.lower() for address in addresses}
    return {one.address: one for one in session.exec(select(Preference).where(col(Preference.address).in_(keys)))}


def _row(copy: Copy, held: Held) -> Row:
    return Row(
        held.held_id,
        held.from_name,
        held.from_address or held.mail_from,
        held.subject,
        held.reason,
        held.held_at,
        copy.expires_at,
    )


def _take(mail_ids: Sequence[str], work: Work) -> list[str]:
    """Take due letters for a while; those that no other replica has taken."""
    taken = []
    for mail in work.load(Mail, col(Mail.mail_id).in_(mail_ids), col(Mail.due_at) <= work.at):
        mail.due_at = work.at + LEASE
        taken.append(mail.mail_id)
    return taken


def _mark(done: Sequence[tuple[Letter, tuple[str, Exception | None]]], work: Work) -> None:
    """Mark letters as sent, or as due again. One may be gone meanwhile: whom it was for was forgotten."""
    work.foresee(Mail, [letter.mail_id for letter, _ in done])
    for letter, (_, error) in done:
        mail = work.find(Mail, letter.mail_id)
        if mail is None or mail.due_at is None:
            continue
        if error is None:
            mail.due_at = None
            work.emit(_sent(mail, letter))
        elif isinstance(error, Defer) and mail.attempts + 1 < ATTEMPTS:
            mail.attempts += 1
            mail.due_at = work.at + timedelta(seconds=min(10 * 2**mail.attempts, 3600))
        else:
            give_up(mail, work)


def _sent(mail: Mail, letter: Letter) -> NotificationSent:
    return NotificationSent(
        notification_id=mail.mail_id,
        kind="digest",
        recipient=mail.recipient,
        message_id=letter.message_id,
        item_count=mail.item_count,
        mailbox=mail.mailbox,
    )

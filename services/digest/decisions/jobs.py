"""Answers on their way: each is taken for a while, sent with no transaction open, and marked."""

from datetime import timedelta

import structlog
from sqlmodel import Session, col, select

from services.digest.decisions.letter import build
from services.digest.letters.people import Choice, People
from services.digest.letters.tables import Preference
from services.digest.tables import Answer, Held
from shared.errors import Defer, Reject
from shared.events import NotificationSent
from shared.outgoing import Postman
from shared.run import Room
from shared.work import Work, now

#: Answers of one step, and attempts at one.
STEP, ATTEMPTS = 100, 20

#: What is being sent is nobody else's for this time: longer than any conversation with a mail server takes.
LEASE = timedelta(minutes=5)


class Answers:
    """The job that sends what is due."""

    def __init__(self, room: Room, people: People, postman: Postman) -> None:
        self._room = room
        self._people = people
        self._postman = postman
        self._mail_from = room.settings.digest_from or room.settings.mail_from
        self._log = structlog.stdlib.get_logger("decisions")

    async def __call__(self) -> bool:
        """One step; True when there may be more."""
        query = select(Answer.answer_id).where(col(Answer.due_at) <= now()).limit(STEP)
        due = await self._room.database.look(lambda session: session.exec(query).all())
        for answer_id in due:
            await self._send(answer_id)
        return len(due) == STEP

    async def _send(self, answer_id: str) -> None:
        taken = await self._room.database.run(lambda work: _take(answer_id, work), quiet=True)
        if taken is None:
            return
        answer, held = taken
        reader = await self._room.database.look(lambda session: self._reader(answer.recipient, session))
        # The same answer again, after a crash between sending and marking, has the same Message-ID.
        message_id = f"{answer_id}@longstop"
        try:
            raw = build(
                answer,
                held,
                language=reader.language,
                zone=reader.schedule.zone,
                mail_from=self._mail_from,
                message_id=message_id,
                at=answer.at,
            )
            await self._postman.send(raw, sender="", recipient=answer.recipient, name=f"decision-{answer_id[:8]}")
        except (Defer, Reject, ValueError) as error:
            self._log.warning("answer waits", answer=answer_id, reason=str(error))
            final = not isinstance(error, Defer)
            await self._room.database.run(lambda work: _wait(answer_id, work, final=final), quiet=True)
            return
        await self._room.database.run(lambda work: _sent(answer_id, message_id, work))

    def _reader(self, address: str, session: Session) -> Choice:
        return self._people.of(address, session.get(Preference, address.lower()))


def _take(answer_id: str, work: Work) -> tuple[Answer, Held] | None:
    """Take a due answer for a while; None when another replica has, or when what it is about was forgotten."""
    answer = work.session.get(Answer, answer_id)
    if answer is None or answer.due_at is None or answer.due_at > work.at:
        return None
    held = work.session.get(Held, answer.held_id)
    answer.due_at = work.at + LEASE if held else None
    return (answer, held) if held else None


def _wait(answer_id: str, work: Work, *, final: bool) -> None:
    if answer := work.session.get(Answer, answer_id):
        answer.attempts += 1
        over = final or answer.attempts >= ATTEMPTS
        answer.due_at = None if over else work.at + timedelta(seconds=min(10 * 2**answer.attempts, 3600))


def _sent(answer_id: str, message_id: str, work: Work) -> None:
    answer = work.session.get(Answer, answer_id)
    if answer is None or answer.due_at is None:
        return
    answer.due_at = None
    work.emit(
        NotificationSent(
            notification_id=answer_id,
            kind="decision",
            recipient=answer.recipient,
            message_id=message_id,
            item_count=1,
        )
    )

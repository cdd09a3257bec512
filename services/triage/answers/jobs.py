"""Answers on their way: each is taken for a while, sent with no transaction open, and marked."""

from datetime import timedelta
from typing import cast

import structlog
from sqlmodel import col, select

from services.triage.answers.letter import build
from services.triage.tables import Answer
from shared.errors import Defer, Reject
from shared.events import NotificationSent
from shared.events.vocabulary import VerdictCategory
from shared.outgoing import Postman
from shared.run import Room
from shared.work import Work, now

#: Answers of one step, and attempts at one.
STEP, ATTEMPTS = 100, 20

#: What is being sent is nobody else's for this time: longer than any conversation with a mail server takes.
LEASE = timedelta(minutes=5)


class SendAnswers:
    """The job that sends what is due."""

    def __init__(self, room: Room, postman: Postman) -> None:
        self._room = room
        self._settings = room.settings
        self._postman = postman
        self._log = structlog.stdlib.get_logger("answers")

    async def __call__(self) -> bool:
        """One step; True when there may be more."""
        query = select(Answer.answer_id).where(col(Answer.due_at) <= now()).limit(STEP)
        if self._settings.answers == "result":
            query = query.where(Answer.category != "")
        elif self._settings.answers == "off":
            query = query.where(Answer.wanted, Answer.category != "")
        due = await self._room.database.look(lambda session: session.exec(query).all())
        for answer_id in due:
            await self._send(answer_id)
        return len(due) == STEP

    async def _send(self, answer_id: str) -> None:
        answer = await self._room.database.run(lambda work: _take(answer_id, work), quiet=True)
        if answer is None:
            return
        # The same answer again, after a crash between sending and marking, has the same Message-ID.
        message_id = f"{answer_id}.{answer.sent + 1}@longstop"
        try:
            raw = build(
                answer,
                language=self._settings.answer_language,
                mail_from=self._settings.mail_from,
                message_id=message_id,
                at=now(),
            )
            name = f"answer-{answer_id[:8]}-{answer.sent + 1}"
            await self._postman.send(raw, sender="", recipient=answer.reporter, name=name)
        except (Defer, Reject, ValueError) as error:
            self._log.warning("answer waits", answer=answer_id, reason=str(error))
            final = not isinstance(error, Defer)
            await self._room.database.run(lambda work: _wait(answer_id, work, final=final), quiet=True)
            return
        await self._room.database.run(lambda work: _sent(answer_id, answer.category, message_id, work))


def _take(answer_id: str, work: Work) -> Answer | None:
    """Take a due answer for a while; None when another replica has, or when a person was forgotten meanwhile."""
    answer = work.session.get(Answer, answer_id)
    if answer is None or answer.due_at is None or answer.due_at > work.at:
        return None
    answer.due_at = work.at + LEASE
    return answer


def _wait(answer_id: str, work: Work, *, final: bool) -> None:
    if answer := work.session.get(Answer, answer_id):
        answer.attempts += 1
        over = final or answer.attempts >= ATTEMPTS
        answer.due_at = None if over else work.at + timedelta(seconds=min(10 * 2**answer.attempts, 3600))


def _sent(answer_id: str, category: str, message_id: str, work: Work) -> None:
    """Mark it; when the verdict changed while it was being sent, the next one is due at once."""
    if answer := work.session.get(Answer, answer_id):
        answer.sent, answer.attempts, answer.told, answer.wanted = answer.sent + 1, 0, category, False
        answer.due_at = None if answer.category == category else work.at
        work.emit(
            NotificationSent(
                notification_id=f"{answer_id}.{answer.sent}",
                kind="answer",
                recipient=answer.reporter,
                message_id=message_id,
                item_count=1,
                case_id=answer.case_id,
                category=cast("VerdictCategory", category) if category else None,
            )
        )

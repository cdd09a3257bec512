"""Answers on their way: each is taken for a while, sent with no transaction open, and marked.

Who reports a whole folder wants no mail for each of its cases: what is due to one person at a time goes in one mail, and
after a few mails within a minute the rest waits for the end of it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import structlog
from sqlmodel import Session, col, func, select

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

#: So many mails a person gets within this time; what else is due to them waits for its end, and goes in one mail.
MAILS_MAX, PAUSE = 3, timedelta(minutes=1)


class SendAnswers:
    """The job that sends what is due."""

    def __init__(self, room: Room, postman: Postman) -> None:
        self._room = room
        self._settings = room.settings
        self._postman = postman
        self._log = structlog.stdlib.get_logger("answers")

    async def __call__(self) -> bool:
        """One step; True when there may be more."""
        query = select(Answer.answer_id, Answer.reporter).where(col(Answer.due_at) <= now()).limit(STEP)
        if self._settings.answers == "result":
            query = query.where(Answer.category != "")
        elif self._settings.answers == "off":
            query = query.where(Answer.wanted, Answer.category != "")
        due = await self._room.database.look(lambda session: session.exec(query).all())
        people: dict[str, list[str]] = {}
        for answer_id, reporter in due:
            people.setdefault(reporter.lower(), []).append(answer_id)
        for answer_ids in people.values():
            await self._send(answer_ids)
        return len(due) == STEP

    async def _send(self, answer_ids: Sequence[str]) -> None:
        """Send what is due to one person, in one mail."""
        answers = await self._room.database.run(lambda work: _take(answer_ids, work), quiet=True)
        if not answers:
            return
        first = answers[0]
        # The same answers again, after a crash between sending and marking, have the same Message-ID.
        message_id = f"{first.answer_id}.{first.sent + 1}@longstop"
        try:
            raw = build(
                answers,
                language=self._settings.answer_language,
                mail_from=self._settings.mail_from,
                message_id=message_id,
                at=now(),
            )
            name = f"answer-{first.answer_id[:8]}-{first.sent + 1}"
            await self._postman.send(raw, sender="", recipient=first.reporter, name=name)
        except (Defer, Reject, ValueError) as error:
            self._log.warning("answer waits", answer=first.answer_id, count=len(answers), reason=str(error))
            final = not isinstance(error, Defer)
            await self._room.database.run(lambda work: _wait(answers, work, final=final), quiet=True)
            return
        await self._room.database.run(lambda work: _sent(answers, message_id, work))


def _take(answer_ids: Sequence[str], work: Work) -> list[Answer]:
    """Take one person's due answers for a while; none while they pause.

    One that another replica has, or whose person was forgotten meanwhile, is left out.
    """
    rows = [row for one in answer_ids if (row := work.session.get(Answer, one))]
    due = [row for row in rows if row.due_at is not None and row.due_at <= work.at]
    until = _pause_of(due[0].reporter, work.session, work.at) if due else None
    for row in due:
        row.due_at = until or work.at + LEASE
    return [] if until else sorted(due, key=lambda row: row.answer_id)


def _pause_of(reporter: str, session: Session, at: datetime) -> datetime | None:
    """Until when a person gets no mail; None: they may have one now."""
    lately = col(Answer.sent_at) > at - PAUSE
    theirs = func.lower(Answer.reporter) == reporter.lower()
    moments = session.exec(select(Answer.sent_at).where(lately, theirs).distinct()).all()
    return max(moment for moment in moments if moment) + PAUSE if len(moments) >= MAILS_MAX else None


def _wait(answers: Sequence[Answer], work: Work, *, final: bool) -> None:
    for one in answers:
        if answer := work.session.get(Answer, one.answer_id):
            answer.attempts += 1
            over = final or answer.attempts >= ATTEMPTS
            answer.due_at = None if over else work.at + timedelta(seconds=min(10 * 2**answer.attempts, 3600))


def _sent(answers: Sequence[Answer], message_id: str, work: Work) -> None:
    """Mark them; when a verdict changed while it was being sent, the next one is due at once."""
    for one in answers:
        if answer := work.session.get(Answer, one.answer_id):
            answer.sent, answer.attempts, answer.told, answer.wanted = answer.sent + 1, 0, one.category, False
            answer.sent_at = work.at
            answer.due_at = None if answer.category == one.category else work.at
            work.emit(
                NotificationSent(
                    notification_id=f"{one.answer_id}.{answer.sent}",
                    kind="answer",
                    recipient=answer.reporter,
                    message_id=message_id,
                    item_count=len(answers),
                    case_id=answer.case_id,
                    category=cast("VerdictCategory", one.category) if one.category else None,
                )
            )

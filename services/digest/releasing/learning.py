"""Rspamd learns released mail as ham, by its controller (https://rspamd.com/doc/developers/protocol.html, /learnham)."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

import httpx
import structlog
from sqlmodel import col, select

from services.digest.tables import Held
from shared.errors import Defer, Reject
from shared.run import Room
from shared.work import Work, now

#: Mails of one step, and attempts at one.
STEP, ATTEMPTS = 20, 12

#: What is being taught is nobody else's for this time, and the longest wait for an answer, in seconds.
LEASE, TIMEOUT_S = timedelta(minutes=2), 30

#: What the controller answers when it knows the mail already: that, or too little to learn from, is no failure.
_KNOWN = (HTTPStatus.ALREADY_REPORTED, HTTPStatus.NO_CONTENT)


class Learning:
    """The job that teaches the filter; what it could not teach is tried again, for a day and a half in all."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._url = room.settings.rspamd_learn_url.rstrip("/")
        password = room.settings.rspamd_learn_password.get_secret_value()
        self._headers = {"Password": password} if password else {}
        self._log = structlog.stdlib.get_logger("learn")

    async def __call__(self) -> bool:
        """Teach what is due."""
        query = select(Held.held_id).where(col(Held.learn_at) <= now()).limit(STEP)
        due = await self._room.database.look(lambda session: session.exec(query).all())
        for held_id in due:
            await self._teach(held_id)
        return len(due) == STEP

    async def _teach(self, held_id: str) -> None:
        held = await self._room.database.run(lambda work: _take(held_id, work), quiet=True)
        if held is None:
            return
        failure: Exception | None = None
        try:
            await self._tell(held)
            self._log.info("mail is learned as ham", held_id=held_id)
        except (Defer, Reject) as error:
            failure = error
            self._log.warning("mail is not learned as ham", held_id=held_id, reason=str(error))
        over = await self._room.database.run(lambda work: _conclude(held_id, failure, work), quiet=True)
        if failure and over:
            self._log.error("learning is given up", held_id=held_id, reason=str(failure))

    async def _tell(self, held: Held) -> None:
        raw = await asyncio.to_thread(self._room.blobs.get, held.sha256)
        if raw is None:
            raise Reject("the mail is not in the blob store")
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
                answer = await http.post(f"{self._url}/learnham", content=raw, headers=self._headers)
        except httpx.HTTPError as error:
            raise Defer(f"the controller of Rspamd does not answer: {type(error).__name__}") from error
        if not answer.is_success and answer.status_code not in _KNOWN:
            raise Defer(f"the controller of Rspamd answered {answer.status_code}")


def _take(held_id: str, work: Work) -> Held | None:
    """Take a mail for a while; None when another replica has, or when it was forgotten."""
    held = work.session.get(Held, held_id)
    if held is None or held.learn_at is None or held.learn_at > work.at:
        return None
    held.learn_at = work.at + LEASE
    return held


def _conclude(held_id: str, failure: Exception | None, work: Work) -> bool:
    """Mark it; whether that was the last try."""
    held = work.session.get(Held, held_id)
    if held is None:
        return True
    held.learn_attempts += 1
    over = failure is None or isinstance(failure, Reject) or held.learn_attempts >= ATTEMPTS
    held.learn_at = None if over else work.at + timedelta(seconds=30 * 2**held.learn_attempts)
    return over

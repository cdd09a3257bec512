"""Idempotency keys: the same key and request, the same answer, and one effect, for a day."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Request
from sqlmodel import func, select

from services.console.access.tables import Key
from services.console.rules.access import Person, fingerprint
from shared.web import Problem
from shared.work import Database, Work

#: Keys remembered at once, and the longest answer, in bytes.
KEYS_MAX, ANSWER_MAX = 100_000, 64 * 1024

#: After so long, who began has died; what they may have said has ids made of the key, so that doing it again adds nothing.
BEGUN_MAX = timedelta(minutes=1)


class RepeatedError(Exception):
    """It was asked and answered before."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(status)
        self.status, self.answer = status, answer


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that is being used for the first time."""

    database: Database
    id: str

    async def keep(self, status: int, answer: bytes) -> None:
        """Remember the answer; what is too long, or no success, is not remembered, and may be asked again."""
        if not 200 <= status < 300 or len(answer) > ANSWER_MAX:
            return await self.let_go()

        def write(work: Work) -> None:
            if row := work.session.get(Key, self.id):
                row.status, row.answer = status, answer.decode()

        await self.database.run(write, quiet=True)
        return None

    async def let_go(self) -> None:
        """Nothing was done."""

        def drop(work: Work) -> None:
            if row := work.session.get(Key, self.id):
                work.session.delete(row)

        await self.database.run(drop, quiet=True)


class Once:
    """A dependency of every route that acts, after the guard."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self,
        request: Request,
        idempotency_key: Annotated[
            str, Header(max_length=200, description="the same key and request again: the same answer, and one effect")
        ] = "",
    ) -> None:
        """Claim a key, when there is one.

        Raises:
            RepeatedError: it was used for this before.
            Problem: 409 it is being used; 422 it was used for something else; 503 too many are remembered.
        """
        if not idempotency_key:
            return
        person: Person = request.state.person
        wanted = f"{request.method}\n{request.url.path}\n{hashlib.sha256(await request.body()).hexdigest()}"
        key = fingerprint(f"{person.via}\n{person.name}\n{idempotency_key}")
        known = await self._database.run(lambda work: _claim(key, fingerprint(wanted), work), quiet=True)
        if known is not None:
            raise RepeatedError(known.status, known.answer)
        request.state.claim = Claim(self._database, key)
        request.state.person = replace(person, once=key)


def _claim(key: str, wanted: str, work: Work) -> Key | None:
    row = work.session.get(Key, key)
    if row is None:
        if work.session.exec(select(func.count()).select_from(Key)).one() >= KEYS_MAX:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many idempotency keys are remembered", "", {"Retry-After": "3600"}
            )
        work.session.add(Key(id=key, fingerprint=wanted, at=work.at))
        return None
    if row.fingerprint != wanted:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the idempotency key was used for another request", "use another key"
        )
    if row.status:
        return row
    if work.at - row.at < BEGUN_MAX:
        raise Problem(HTTPStatus.CONFLICT, "this very request is being served", "wait for its answer")
    row.at = work.at
    return None

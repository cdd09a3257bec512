"""The door of services that call back: their opinion about a mail that we asked them about."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.submission.analysers import Opinion
from services.submission.analysers.service import ANSWER_MAX, opinion_of
from services.submission.tables import Item
from services.submission.verdicts import OPINIONS
from shared.errors import Defer
from shared.run import Room
from shared.signatures import SIGNATURE, TIMESTAMP, is_signed
from shared.web import Problem
from shared.work import Work

Id = Annotated[str, Path(max_length=64)]


class Callbacks:
    """Takes signed opinions."""

    def __init__(self, room: Room, secret: str) -> None:
        self._room, self._secret = room, secret

    def router(self) -> APIRouter:
        """Its one route."""
        router = APIRouter(prefix="/v1")
        router.add_api_route("/opinions/{submission_id}", self.take, methods=["POST"], status_code=HTTPStatus.ACCEPTED)
        return router

    async def take(self, submission_id: Id, request: Request) -> dict[str, str]:
        """Take an opinion; the verdict is revised at once when it says another.

        Raises:
            Problem: 401 it is not signed as it must be; 413, 422 it is no opinion; 409 nobody waits for it (any more).
        """
        body = bytearray()
        async for some in request.stream():
            body += some
            if len(body) > ANSWER_MAX:
                raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large", f"{ANSWER_MAX // 1024} kB are allowed")
        stamp, signature = request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, "")
        if not is_signed(bytes(body), self._secret, stamp, signature):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "the signature is wrong or old",
                f"sign TIMESTAMP.BODY in {SIGNATURE}, see docs/analysers.md",
            )
        try:
            opinion = opinion_of(bytes(body))
        except Defer as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "no opinion", str(error)) from error
        if not await self._room.database.run(lambda work: note(submission_id, opinion, work.at, work)):
            raise Problem(
                HTTPStatus.CONFLICT, "nobody waits for it", "the submission is not known, or has what it needs"
            )
        return {"submission_id": submission_id}


def note(submission_id: str, opinion: Opinion, at: datetime, work: Work) -> bool:
    """Put an opinion with the others of its item, which is due at once; False when none was waited for."""
    item = work.find(Item, submission_id)
    if item is None or not item.open or not item.opinions:
        return False
    opinions = OPINIONS.validate_json(item.opinions)
    if not any(one.name == opinion.name and one.again_s is not None for one in opinions):
        return False
    item.opinions = OPINIONS.dump_json([opinion if one.name == opinion.name else one for one in opinions]).decode()
    item.due_at = at
    return True

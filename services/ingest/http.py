"""The HTTP door: reports and held mails from programs. 202 is said only once the mail is durable."""

import asyncio
import hashlib
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.ingest.bodies import read_body, uploads
from services.ingest.erasure import Erased, Wish, erase_person
from services.ingest.gate import TooMany
from services.ingest.handlers import write_all
from services.ingest.intake import Handed, HandedHeld, Intake, count
from services.ingest.keys import Keys
from services.ingest.rspamd import Scan, scan_of_headers, scan_of_json
from services.ingest.rules import REASONS, is_verified
from services.ingest.upload import Upload
from shared.errors import Reject
from shared.events import ReportReceived, ReportRejected
from shared.events.vocabulary import ReportCategory
from shared.proxies import TrustedProxies
from shared.run import VERSION, Room
from shared.web import Problem, bearer, same_site, service_app

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]

_MAIL = {"type": "string", "contentMediaType": "message/rfc822"}
_FILES = {"type": "object", "properties": {"file": {"type": "array", "items": _MAIL}}}


def _body(words: str) -> dict[str, Any]:
    """What the document says of a door's body, which it reads itself: it is bounded while it comes."""
    content = {
        "message/rfc822": _MAIL,
        "multipart/form-data": _FILES,
        "application/json": {"type": "object", "description": words},
    }
    return {"requestBody": {"required": True, "content": {kind: {"schema": one} for kind, one in content.items()}}}


#: Rspamd 3.4 takes only status 200 as success and repeats the mail on any other (measured).
RSPAMD_SUCCESS = HTTPStatus.OK


def app(room: Room, intake: Intake) -> FastAPI:
    """The application of ingest."""
    application = service_app(
        "ingest", VERSION, ready=room.ready, documented=True, bounding=("/v1/reports", "/v1/quarantine")
    )
    doors = APIRouter(dependencies=[Depends(bearer(room.settings.door_token())), Depends(same_site)])
    door = HttpDoor(room, intake)
    for path, take, words in (
        ("/v1/reports", door.reports, "the data of the event `report.submitted`, with the mail by value"),
        ("/v1/quarantine", door.quarantine, "the data of the event `mail.held`, or what Rspamd's exporter writes"),
    ):
        doors.add_api_route(path, take, methods=["POST"], status_code=HTTPStatus.ACCEPTED, openapi_extra=_body(words))
    doors.add_api_route("/v1/erasures", door.erasures, methods=["POST"], status_code=HTTPStatus.ACCEPTED)
    application.include_router(doors)
    return application


class Said(BaseModel):
    """What the query says of a report."""

    category: ReportCategory | None = Field(default=None, description="what the reporter says; phishing when left out")
    reporter: str = Field(default="", max_length=320)
    folder: str = Field(default="", max_length=100)
    comment: str = Field(default="", max_length=1000)


class HttpDoor:
    """The two doors."""

    def __init__(self, room: Room, intake: Intake) -> None:
        self._room = room
        self._intake = intake
        self._keys = Keys(room.database)
        self._proxies = TrustedProxies(room.settings.trusted_proxies)
        self._limit_bytes = room.settings.mail_max_bytes

    async def reports(
        self, request: Request, said: Annotated[Said, Query()], idempotency_key: Key = None
    ) -> JSONResponse:
        """Report a mail: raw `message/rfc822`, a multipart upload of one or more, or the JSON of `report.submitted`."""
        body = await read_body(request, self._limit_bytes)
        with self._intake.budget.hold(len(body)):
            about = Upload(**said.model_dump())
            handed = [self._handed(one) for one in await uploads(request, body, about, self._limit_bytes)]
            self._let_in(request, handed)
            handed = await asyncio.to_thread(lambda: [self._intake.check(one) for one in handed])
            events = await self._intake.receive(handed)
            ids = await self._commit(events, idempotency_key, handed)
        return JSONResponse({"report_id": ids[0], "report_ids": ids}, HTTPStatus.ACCEPTED)

    async def quarantine(self, request: Request, idempotency_key: Key = None) -> JSONResponse:
        """Hand in a mail that the gateway held: raw with `X-Rspamd-*` headers or query parameters, or as JSON."""
        del idempotency_key  # the same mail of the same queue entry is one, with or without a key
        body = await read_body(request, self._limit_bytes)
        with self._intake.budget.hold(len(body)):
            (upload,) = await uploads(request, body, Upload(), self._limit_bytes)
            scan = _scan(request, upload)
            if not upload.raw:
                raise Reject("the mail is empty")
            handed = HandedHeld(upload.raw, scan.envelope(), scan.why(), scan.score, scan.symbols, scan.queue_id)
            events = await self._intake.hold([handed])
            await self._room.database.run(lambda work: write_all(events, work))
            count(events, "http")
        rspamd = request.headers.get("user-agent", "").startswith("rspamd")
        return JSONResponse({"held_id": handed.held_id()}, RSPAMD_SUCCESS if rspamd else HTTPStatus.ACCEPTED)

    async def erasures(self, wish: Wish) -> Erased:
        """Erase the mails that a person reported, received or sent, here and in every service."""
        return await self._room.database.run(lambda work: erase_person(wish.address, work))

    def _let_in(self, request: Request, handed: list[Handed]) -> None:
        client = self._proxies.client(request)
        try:
            for one in handed:
                self._intake.gate.check(client=client, reporter=one.reporter)
        except TooMany as error:
            headers = {"Retry-After": str(error.after_s)}
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, str(error), f"after {error.after_s} seconds", headers) from None

    def _handed(self, upload: Upload) -> Handed:
        proven = bool(self._room.settings.door_token()) or self._room.settings.on_loopback
        return Handed(
            raw=upload.raw,
            category=upload.category or "phishing",
            source="http",
            reporter=upload.reporter,
            reporter_verified=is_verified(
                reporter=upload.reporter, own_domains=self._room.settings.own_domains, proven=proven
            ),
            envelope=upload.envelope,
            folder=upload.folder,
            comment=upload.comment,
            defaulted=upload.category is None,
        )

    async def _commit(
        self, events: list[ReportReceived | ReportRejected], key: str | None, handed: list[Handed]
    ) -> list[str]:
        """Commit and count; with a key that was used before, the ids that were answered then.

        Raises:
            Problem: the key was used for another request.
        """
        fingerprint = await asyncio.to_thread(_fingerprint, handed)
        ids = [event.report_id for event in events]
        answered = await self._room.database.run(lambda work: self._keys.once(key, fingerprint, ids, events, work))
        if answered is None:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "this Idempotency-Key was used for another request",
                "send a new key with a new report; the same key only to repeat the very same request",
            )
        count(events if answered == ids else [], "http")
        return answered


def _fingerprint(handed: list[Handed]) -> str:
    digest = hashlib.sha256()
    for one in handed:
        digest.update(hashlib.sha256(one.raw).digest())
        digest.update(repr((one.category, one.reporter, one.folder, one.comment)).encode())
    return digest.hexdigest()


def _scan(request: Request, upload: Upload) -> Scan:
    if upload.scan is not None:
        return scan_of_json(upload.scan)
    if any(name.startswith("x-rspamd-") for name in request.headers):
        return scan_of_headers(request.headers)
    query: dict[str, Any] = dict(request.query_params)
    if query.get("reason", "policy") not in REASONS:  # taken for another one, it could let recipients do more
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "this reason is not known", f"reason is one of {', '.join(REASONS)}"
        )
    query["rcpt"] = request.query_params.getlist("rcpt") or request.query_params.getlist("rcpt_to")
    query["from"] = query.get("from") or query.get("mail_from", "")
    query["ip"] = query.get("ip") or query.get("client_ip", "")
    query["qid"] = query.get("qid") or query.get("queue_id", "")
    query["symbols"] = [word for line in request.query_params.getlist("symbols") for word in line.split(",")]
    return scan_of_json(query)

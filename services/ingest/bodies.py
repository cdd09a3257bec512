"""Bodies of HTTP requests as uploads: bounded while they are read, one clear problem for each wrong one."""

import base64
import binascii
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, cast, get_args

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from shared.events import MailEnvelope, MailHeld, MessageByValue, ReportSubmitted
from shared.events.exporter import is_msgpack, of_exporter
from shared.events.vocabulary import ReportCategory
from shared.web import Problem

#: Mails in one multipart upload.
FILES_MAX = 20

#: What may stand around a mail in a multipart or JSON body: base64 grows by a third, plus fields.
ROOM_FOR_FORM = 4 / 3

#: Of a body that is too large so much is read and thrown away: a client that is still sending would not see the answer.
DRAINED_MAX_BYTES = 100 * 1024 * 1024

CATEGORIES: tuple[str, ...] = get_args(ReportCategory)

MSGPACK_TYPES = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")

RAW_TYPES = ("message/rfc822", "message/global", "application/octet-stream", "application/vnd.ms-outlook")


@dataclass(frozen=True, slots=True)
class Upload:
    """One mail of a request, with what the request says of it."""

    raw: bytes = b""
    category: ReportCategory | None = None
    reporter: str = ""
    folder: str = ""
    comment: str = ""
    envelope: MailEnvelope | None = None
    scan: Mapping[str, Any] | None = None


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, at most what a mail of `limit_bytes` takes in a form.

    Raises:
        Problem: 413 too large, as soon as it is; 400 empty.
    """
    most = int(limit_bytes * ROOM_FOR_FORM) + 64 * 1024
    too_large = Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "the mail is too large",
        f"at most {limit_bytes} bytes are taken",
        {"Connection": "close"},
    )
    declared = request.headers.get("content-length", "")
    is_declared = declared.isdigit() and int(declared) > most
    if is_declared and (int(declared) > DRAINED_MAX_BYTES or "expect" in request.headers):
        raise too_large
    body = bytearray()
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > DRAINED_MAX_BYTES:
                raise too_large
            if size <= most and not is_declared:
                body += chunk
            else:
                body.clear()
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "the client went away before the body was whole") from None
    if size > most:
        raise too_large
    if not body:
        raise Problem(HTTPStatus.BAD_REQUEST, "the body is empty", "send the raw mail as message/rfc822")
    return bytes(body)


async def uploads(request: Request, body: bytes, said: Upload) -> list[Upload]:
    """The mails of a body, by its content type.

    Raises:
        Problem: 415 for a type that carries no mail, 400 and 422 for a body that is not what its type says.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in RAW_TYPES:
        return [replace(said, raw=body)]
    if content_type == "multipart/form-data":
        return await _multipart(request, body, said)
    if content_type == "application/json":
        return [_json(request, body, said)]
    if content_type in MSGPACK_TYPES and request.url.path.endswith("/quarantine"):
        return [_msgpack(body, said)]
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "this content type carries no mail",
        "send message/rfc822, multipart/form-data or application/json",
    )


async def _multipart(request: Request, body: bytes, said: Upload) -> list[Upload]:
    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, once(), max_files=FILES_MAX, max_fields=20).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "the multipart body cannot be read", str(error)) from error
    try:
        said = _with_fields(form, said)
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "the upload has no file",
                "add the mail as a file field, such as message=@mail.eml",
            )
        metadata = form.get("metadata")
        if isinstance(metadata, str):  # of Rspamd 4's exporter
            said = replace(said, scan=_object(metadata))
        return [replace(said, raw=await file.read()) for file in files]
    finally:
        await form.close()


def _with_fields(form: FormData, said: Upload) -> Upload:
    """Form fields say the same as query parameters; the form wins."""
    given: dict[str, Any] = {
        name: str(form[name])[:1000] for name in ("reporter", "folder", "comment") if isinstance(form.get(name), str)
    }
    category = form.get("category")
    if category is None:
        return replace(said, **given)
    if category not in CATEGORIES:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "this category is not known", f"category is one of {', '.join(CATEGORIES)}"
        )
    return replace(said, category=cast("ReportCategory", category), **given)


def _json(request: Request, body: bytes, said: Upload) -> Upload:
    """`report.submitted` or `mail.held` as JSON, or what Rspamd's JSON formatters write, by the path asked."""
    try:
        if request.url.path.endswith("/reports"):
            return _submitted(ReportSubmitted.model_validate_json(body), said)
        content = json.loads(body)
        if not isinstance(content, dict):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the JSON is no object")
        return _held(content, said)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)[:5]
        ]
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the JSON is not a report", "; ".join(faults)) from None
    except (ValueError, RecursionError):
        raise Problem(HTTPStatus.BAD_REQUEST, "the body is no JSON", "see docs/events.md for the fields") from None


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the field metadata is no JSON object")
    return content


def _msgpack(body: bytes, said: Upload) -> Upload:
    """What Rspamd's formatter `msgpack` writes."""
    try:
        held = of_exporter(body) if is_msgpack(body) else None
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "the body is no msgpack", str(error)) from None
    if held is None:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the body carries no mail", "use the formatter msgpack of Rspamd 4"
        )
    envelope = held["envelope"]
    scan = {"from": envelope["mail_from"], "rcpt": envelope["rcpt_to"], "ip": envelope["client_ip"]}
    scan |= {"qid": held["queue_id"], "score": held["score"], "symbols": held["symbols"]}
    return replace(said, raw=_decoded(MessageByValue.model_validate(held["message"])), scan=scan)


def _submitted(report: ReportSubmitted, said: Upload) -> Upload:
    return replace(
        said,
        raw=_decoded(report.message),
        category=report.category,
        reporter=report.reporter,
        folder=report.folder,
        comment=report.comment,
        envelope=report.envelope,
    )


def _held(content: dict[str, Any], said: Upload) -> Upload:
    """Ours has `envelope` and `message`; the exporter's has `rcpt`, and the raw mail in `message`."""
    if "envelope" in content:
        held = MailHeld.model_validate(content)
        envelope = held.envelope
        scan = {
            "from": envelope.mail_from,
            "rcpt": envelope.rcpt_to,
            "ip": envelope.client_ip,
            "qid": held.queue_id,
            "reason": held.reason,
            "score": held.score,
            "symbols": held.symbols,
        }
        return replace(said, raw=_decoded(held.message), scan=scan)
    raw = content.get("message")
    if not isinstance(raw, str):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the JSON carries no mail",
            "use the formatter json_with_message, or send the raw mail with X-Rspamd-* headers",
        )
    return replace(said, raw=_unwrapped(raw), scan=content)


def _unwrapped(text: str) -> bytes:
    """A mail inside a JSON string: base64, or the mail itself."""
    squeezed = "".join(text.split())
    try:
        return base64.b64decode(squeezed, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "surrogateescape")


def _decoded(message: MessageByValue) -> bytes:
    try:
        return base64.b64decode("".join((message.rfc822_base64 or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "message.rfc822_base64 is no base64", "RFC 4648, section 4"
        ) from None

"""Bodies of HTTP requests as uploads: bounded while they are read, one clear problem for each wrong one."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast, get_args

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from services.ingest.structured import json_object, json_upload, msgpack_upload
from services.ingest.upload import Upload
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

#: What Rspamd's `metadata_exporter` calls all that it posts, unless its `mime_type` says otherwise (3.4, 4.1).
EXPORTER_TYPE = "text/plain"


def mail_too_large(limit_bytes: int) -> Problem:
    """The answer to a mail of more than `limit_bytes`; the rest of it may still be under way."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "the mail is too large",
        f"at most {limit_bytes} bytes are taken",
        {"Connection": "close"},
    )


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, at most what a mail of `limit_bytes` takes in a form.

    Raises:
        Problem: 413 too large, as soon as it is; 400 empty.
    """
    most = int(limit_bytes * ROOM_FOR_FORM) + 64 * 1024
    too_large = mail_too_large(limit_bytes)
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


async def uploads(request: Request, body: bytes, said: Upload, limit_bytes: int) -> list[Upload]:
    """The mails of a body, by its content type.

    Raises:
        Problem: 415 for a type that carries no mail, 400 and 422 for a body that is not what its type says or a
            reporter who is no address, 413 for a mail of more than `limit_bytes`.
    """
    found = await _by_type(request, body, said)
    if not all(_is_somebody(one.reporter) for one in found):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the reporter is no mail address", "give one such as ana@example.org"
        )
    if any(len(one.raw) > limit_bytes for one in found):
        raise mail_too_large(limit_bytes)
    return found


def _is_somebody(reporter: str) -> bool:
    """Nobody, or an address; whether it may be written to is asked where mail is sent."""
    return not reporter or (
        0 < reporter.find("@") < len(reporter) - 1 and reporter.isprintable() and " " not in reporter
    )


async def _by_type(request: Request, body: bytes, said: Upload) -> list[Upload]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == EXPORTER_TYPE and request.url.path.endswith("/quarantine"):
        content_type = "application/json" if body.lstrip().startswith(b"{") else "message/rfc822"
    if content_type in RAW_TYPES:
        return [replace(said, raw=body)]
    if content_type == "multipart/form-data":
        return await _multipart(request, body, said)
    if content_type == "application/json":
        return [json_upload(request, body, said)]
    if content_type in MSGPACK_TYPES and request.url.path.endswith("/quarantine"):
        return [msgpack_upload(body, said)]
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
            said = replace(said, scan=json_object(metadata))
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

"""JSON and msgpack of HTTP requests as uploads: our own events' data, and what Rspamd's exporter writes."""

import base64
import binascii
import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from services.ingest.upload import Upload
from shared.events import MailHeld, MessageByValue, ReportSubmitted
from shared.events.exporter import is_msgpack, of_exporter
from shared.invalid import in_words
from shared.web import Problem


def json_upload(request: Request, body: bytes, said: Upload) -> Upload:
    """`report.submitted` or `mail.held` as JSON, or what Rspamd's JSON formatters write, by the path asked."""
    try:
        if request.url.path.endswith("/reports"):
            return _submitted(ReportSubmitted.model_validate_json(body), said)
        content = json.loads(body)
        if not isinstance(content, dict):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the JSON is no object")
        return _held(content, said)
    except ValidationError as error:
        found = error.errors(include_input=False)
        if found[0]["type"] == "json_invalid":
            raise _no_json() from None
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the JSON is not a report", in_words(found)) from None
    except (ValueError, RecursionError):
        raise _no_json() from None


def _no_json() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "the body is no JSON", "see docs/events.md for the fields")


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a form's field.

    Raises:
        Problem: 422 it is none.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the field metadata is no JSON object")
    return content


def msgpack_upload(body: bytes, said: Upload) -> Upload:
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
    if message.rfc822_base64 is None:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "by HTTP a mail comes by value",
            "give message.rfc822_base64; message.sha256 is for the streams",
        )
    try:
        return base64.b64decode("".join(message.rfc822_base64.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "message.rfc822_base64 is no base64", "RFC 4648, section 4"
        ) from None

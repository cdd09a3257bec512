"""Held mails as Rspamd's `metadata_exporter` writes them into a stream (Rspamd 4, `backend = "redis_stream"`).

Its formatters `msgpack` and `json_with_message` have the same fields: the raw mail in `message` (JSON: base64), `from` and
`rcpt` of the envelope, `ip`, `qid`, `score`, and `symbols` as objects with `name`.
"""

import base64
from collections.abc import Mapping
from typing import Any

import msgpack
from pydantic_core import from_json

#: First bytes of a msgpack map: fixmap, map 16, map 32 (msgpack specification).
_MAPS = (*range(0x80, 0x90), 0xDE, 0xDF)

#: What of a list is taken: symbols, and recipients as many as Postfix delivers in one go.
SYMBOLS_MAX, RECIPIENTS_MAX = 200, 1_000


def of_exporter(data: bytes) -> dict[str, Any] | None:
    """The fields of `mail.held`, or None when the exporter did not write it.

    Raises:
        ValueError: it is msgpack, but broken.
    """
    if is_msgpack(data):
        said = unpacked(data)
    elif b'"envelope"' not in data[:1000] and b'"rcpt"' in data:
        said = from_json(data)
    else:
        return None
    if not isinstance(said, Mapping) or "envelope" in said or not isinstance(said.get("message"), str | bytes):
        return None
    raw = said["message"]
    return {
        "message": {"rfc822_base64": raw if isinstance(raw, str) else base64.b64encode(raw).decode()},
        "envelope": {
            "mail_from": _text(said.get("from")),
            "rcpt_to": [_text(one) for one in _list(said.get("rcpt"))[:RECIPIENTS_MAX]],
            "client_ip": _text(said.get("ip")),
        },
        "score": said.get("score") if isinstance(said.get("score"), int | float) else None,
        "symbols": [name for one in _list(said.get("symbols"))[:SYMBOLS_MAX] if (name := _name(one))],
        "queue_id": _text(said.get("qid"))[:255],
    }


def is_msgpack(data: bytes) -> bool:
    """Whether these bytes begin as a msgpack map, and as no JSON."""
    return bool(data) and data[0] in _MAPS


def unpacked(data: bytes) -> Any:
    """A msgpack map with its names as text and its values as they are.

    Raises:
        ValueError: it is none.
    """
    try:
        said = msgpack.unpackb(data, raw=True, strict_map_key=False, max_map_len=10_000, max_array_len=10_000)
    except (msgpack.UnpackException, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"data is no msgpack that can be read: {type(error).__name__}") from None
    return {_text(name): value for name, value in said.items()} if isinstance(said, dict) else said


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _name(symbol: object) -> str:
    if isinstance(symbol, Mapping):
        return _text(symbol.get("name") or symbol.get(b"name"))[:100]
    return _text(symbol)[:100]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "".join(char for char in value if char.isprintable()).strip("<>") if isinstance(value, str) else ""

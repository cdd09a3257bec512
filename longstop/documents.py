"""Documents that are made from the code: AsyncAPI 3, OpenAPI 3.1, and the Markdown of events and settings."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from longstop.services import NAMES, services
from shared.blobs import open_blobs
from shared.bus import connect
from shared.events import EVENTS, Event, json_schema
from shared.run import VERSION, Room, Service
from shared.settings import Settings
from shared.work import Database

ENVELOPE = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {
            "type": "string",
            "maxLength": 255,
            "description": "unique for the source; the same id twice is one event",
        },
        "type": {"type": "string"},
        "source": {"type": "string", "maxLength": 255},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "description": "the aggregate's id"},
        "traceparent": {"type": "string", "description": "W3C trace context"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}


def purpose(kind: type[Event]) -> str:
    """What an event says, in the first line of its docstring."""
    return (kind.__doc__ or "").strip().splitlines()[0]


def asyncapi() -> dict[str, Any]:
    """The streams as an AsyncAPI 3.0.0 document: every event, who sends it and who receives it."""
    channels = {}
    messages = {}
    for kind in EVENTS:
        channels[kind.__name__] = {
            "address": f"longstop:{kind.STREAM}",
            "description": purpose(kind),
            "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}},
        }
        messages[kind.__name__] = {
            "name": kind.type_name(),
            "title": kind.__name__,
            "summary": purpose(kind),
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/Entry"},
            "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": json_schema(kind)},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Longstop",
            "version": VERSION,
            "description": "One Redis stream for each kind of event; an entry is a CloudEvents 1.0 event as plain fields.",
        },
        "channels": channels,
        "operations": dict(_operations()),
        "components": {"messages": messages, "schemas": {"Entry": ENVELOPE}},
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for service in services():
        for action, kinds in (("receive", service.contract.reads), ("send", service.contract.writes)):
            for kind in kinds:
                reference = {"$ref": f"#/channels/{kind.__name__}"}
                yield f"{service.name}-{action}-{kind.__name__}", {"action": action, "channel": reference}


def openapi() -> dict[str, Any]:
    """The doors as one OpenAPI document: each path names its service's port as its server."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Longstop", "version": VERSION},
        "paths": {},
        "components": {"schemas": {}},
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            part, port = asyncio.run(_openapi_of(name, Path(folder)))
            for path, item in part.get("paths", {}).items():
                if path in merged["paths"]:
                    path = f"{path}#{name}"  # noqa: PLW2901 - two services may serve one path, each on its port
                merged["paths"][path] = {**item, "servers": [{"url": f"http://127.0.0.1:{port}", "description": name}]}
            merged["components"]["schemas"].update(part.get("components", {}).get("schemas", {}))
    return merged


async def _openapi_of(name: str, folder: Path) -> tuple[dict[str, Any], int]:
    (service,) = services((name,))
    settings = service.settings(data_dir=folder, redis_url="unix:///nowhere")
    database = Database(settings.database_url_of(name), name, service.tables)
    redis = connect(settings.redis_url)
    try:
        parts = service.build(Room(settings, database, open_blobs(settings.blobs_at()), redis))
        return parts.app.openapi(), parts.port
    finally:
        await database.close()
        await redis.aclose()


def events_page() -> str:
    """`docs/events.md`."""
    reads: dict[type[Event], list[str]] = {}
    writes: dict[type[Event], list[str]] = {}
    for service in services():
        for kind in service.contract.reads:
            reads.setdefault(kind, []).append(service.name)
        for kind in service.contract.writes:
            writes.setdefault(kind, []).append(service.name)
    lines = [
        "# Events",
        "",
        "Made by `make docs` from the event classes; the whole document is `longstop schema events` (AsyncAPI 3).",
        "",
        "| stream | what happened | written by | read by |",
        "|---|---|---|---|",
    ]
    for kind in EVENTS:
        written = ", ".join(writes.get(kind, [])) or "anyone"
        lines.append(
            f"| `longstop:{kind.STREAM}` | {purpose(kind)} | {written} | {', '.join(reads.get(kind, [])) or '-'} |"
        )
    lines.append("| `longstop:dead.v1` | An entry could not be processed. | every reader | operators |")
    for kind in EVENTS:
        lines += ["", f"## {kind.STREAM.removesuffix('.v1')}", "", purpose(kind), "", *_fields(kind)]
    return "\n".join(lines) + "\n"


def _fields(kind: type[Event]) -> list[str]:
    rows = ["| field | | |", "|---|---|---|"]
    for name, field in kind.model_fields.items():
        needed = "required" if field.is_required() else "optional"
        rows.append(f"| `{name}` | {needed} | {field.description or ''} |")
    return rows


def settings_page() -> str:
    """`docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Made by `make docs` from the settings classes. Environment variables, or lines of a `.env` file; a secret `NAME`",
        "may also be given as `NAME_FILE`, the path of a file that holds it.",
    ]
    shared = set(Settings.model_fields)
    lines += ["", "## Every service", "", *_settings(Settings, shared)]
    for service in services():
        own = [name for name in service.settings.model_fields if name not in shared]
        lines += ["", f"## {service.name}", "", *_settings_of(service, own)]
    return "\n".join(lines) + "\n"


def _settings_of(service: Service, names: list[str]) -> list[str]:
    return _settings(service.settings, set(names)) if names else ["None of its own."]


def _settings(kind: type[Settings], names: set[str]) -> list[str]:
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in kind.model_fields.items():
        if name not in names:
            continue
        default = "" if field.default in (PydanticUndefined, None) else field.default
        shown = ",".join(default) if isinstance(default, tuple) else str(default).strip("*")
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `LONGSTOP_{name.upper()}` | {f'`{shown}`' if shown else ''} | {meaning} |")
    return rows

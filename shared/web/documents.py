"""What every OpenAPI document says of what goes wrong: problem objects (RFC 9457)."""

from typing import Any

from fastapi import FastAPI

#: A problem object.
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "what is wrong"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what to do"},
    },
}


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


#: What every route may answer besides.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": _problem("the request cannot be served: a problem object says why"),
    "503": _problem("not now: try again after `Retry-After` seconds"),
}


def document(app: FastAPI) -> None:
    """Let the application's document know what a problem object is."""
    made = app.openapi

    def with_problems() -> dict[str, Any]:
        document = made()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        return document

    vars(app)["openapi"] = with_problems

"""Rows of the read model as the OpenAPI document shows them: every field is there, always."""

from types import GenericAlias
from typing import Any

from pydantic import BaseModel, Field, create_model
from sqlmodel import SQLModel

from services.console.tables import Activity, Block, Case, Failure, Held, Purge, PurgeBox, Report, Verdict

Responses = dict[int | str, dict[str, Any]]


def row_model(kind: type[SQLModel]) -> type[BaseModel]:
    """A row as a model."""
    fields: dict[str, Any] = {
        name: (field.annotation, Field(description=field.description)) for name, field in kind.model_fields.items()
    }
    return create_model(kind.__name__, __doc__=kind.__doc__, **fields)


def page_model(kind: type[SQLModel]) -> type[BaseModel]:
    """A page of rows as a model."""
    more = (str, Field(description="the cursor of the next page; empty: this was the last"))
    return create_model(f"{kind.__name__}Page", items=(_many(kind), ...), next=more)


def story_model() -> type[BaseModel]:
    """A case with all that belongs to it as a model."""
    parts: dict[str, type[SQLModel]] = {
        "reports": Report,
        "verdicts": Verdict,
        "blocks": Block,
        "failures": Failure,
        "activity": Activity,
    }
    fields: dict[str, Any] = {name: (_many(kind), ...) for name, kind in parts.items()}
    return create_model("CaseStory", case=(row_model(Case), ...), **fields)


def purge_model() -> type[BaseModel]:
    """A purge with its mailboxes and history as a model."""
    fields: dict[str, Any] = {"mailboxes": (_many(PurgeBox), ...), "activity": (_many(Activity), ...)}
    return create_model("PurgeStory", purge=(row_model(Purge), ...), **fields)


def found_model() -> type[BaseModel]:
    """Reports and held mails as a model."""
    fields: dict[str, Any] = {"reports": (_many(Report), ...), "held": (_many(Held), ...), "cut": (bool, ...)}
    return create_model("Found", **fields)


def answers(model: type[BaseModel], description: str) -> Responses:
    """What a route answers that makes its JSON itself."""
    return {200: {"model": model, "description": description}}


def _many(kind: type[SQLModel]) -> Any:
    return GenericAlias(list, (row_model(kind),))

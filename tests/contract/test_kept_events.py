"""Old messages stay readable: each event's schema is kept, and may only grow by optional fields.

`python -m tests.contract.keep` writes the kept schemas again after a compatible change.
"""

import json
from typing import Any

import pytest

from shared.events import EVENTS, Event, json_schema
from tests.contract.keep import FOLDER


def kept(kind: type[Event]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{kind.STREAM}.json").read_text())
    return found


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.STREAM)
def test_no_field_that_was_promised_is_gone_or_changed(kind: type[Event]) -> None:
    now = json_schema(kind)
    for name, schema in kept(kind)["properties"].items():
        assert name in now["properties"], f"{kind.STREAM} lost {name}: that is a new version, v2"
        assert now["properties"][name].get("type") == schema.get("type"), f"{kind.STREAM}.{name} changed its type"


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.STREAM)
def test_nothing_new_is_demanded_of_writers(kind: type[Event]) -> None:
    demanded = {name for name, field in kind.model_fields.items() if field.is_required()}
    assert demanded <= set(kept(kind)["x-demanded"]), f"{kind.STREAM} demands what old writers do not send"


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.STREAM)
def test_the_kept_schema_is_the_present_one(kind: type[Event]) -> None:
    assert set(kept(kind)["properties"]) == set(json_schema(kind)["properties"]), "run: python -m tests.contract.keep"

"""Writes the schema of every event beside the tests: the promise that a later change is held to."""

import json
from pathlib import Path

from shared.events import EVENTS, json_schema

FOLDER = Path(__file__).parent / "events"


def main() -> None:
    """Keep them all."""
    for kind in EVENTS:
        demanded = sorted(name for name, field in kind.model_fields.items() if field.is_required())
        schema = {**json_schema(kind), "x-demanded": demanded}
        (FOLDER / f"{kind.STREAM}.json").write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

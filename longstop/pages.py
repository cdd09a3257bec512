"""Writes what is generated: `python -m longstop.pages FOLDER`, FOLDER being docs/ and the names relative to it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from longstop import documents
from longstop.acl import acl
from shared.settings import Settings


def _json(make: Callable[[], object]) -> Callable[[], str]:
    return lambda: json.dumps(make(), indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "events.md": documents.events_page,
    "settings.md": documents.settings_page,
    "asyncapi.json": _json(documents.asyncapi),
    "openapi.json": _json(documents.openapi),
    "../deploy/redis/users.acl": lambda: acl(Settings.model_fields["stream_prefix"].default),
}


def main() -> None:
    """Write every page."""
    folder = Path(sys.argv[1])
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()

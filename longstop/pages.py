"""Writes the generated pages of docs/: `python -m longstop.pages FOLDER`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from longstop import documents


def _json(make: Callable[[], object]) -> Callable[[], str]:
    return lambda: json.dumps(make(), indent=2) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "events.md": documents.events_page,
    "settings.md": documents.settings_page,
    "asyncapi.json": _json(documents.asyncapi),
    "openapi.json": _json(documents.openapi),
}


def main() -> None:
    """Write every page."""
    folder = Path(sys.argv[1])
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()

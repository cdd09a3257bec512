"""The maps and zones as files, for gateways that read files: a copy that works while Longstop and Redis are both away."""

import asyncio
from datetime import datetime
from pathlib import Path

from services.blocklist.finding import MAPS, map_changed_at
from services.blocklist.maps import NEVER, text_of
from services.blocklist.rules.zones import ZONES
from shared.errors import Defer
from shared.run import Room


class WriteMaps:
    """The job: a file whose entries have changed is written anew beside itself and renamed, so that no reader sees half of it."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._folder: Path | None = room.settings.map_dir
        self._written: dict[str, datetime] = {}

    async def __call__(self) -> bool:
        """Write what has changed.

        Raises:
            Defer: the folder cannot be written now.
        """
        if self._folder is None:
            return False
        for name in (*MAPS, *ZONES):
            changed_at = await self._database.look(lambda session: map_changed_at(session, name) or NEVER)  # noqa: B023
            if self._written.get(name) != changed_at:
                text = await self._database.look(lambda session: text_of(session, name))  # noqa: B023
                await asyncio.to_thread(_write, self._folder, name, text)
                self._written[name] = changed_at
        return False


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / f"{name}.{'zone' if name in ZONES else 'map'}"
    fresh = path.with_name(f".{path.name}.new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise Defer(f"LONGSTOP_MAP_DIR cannot be written: {error.strerror}") from error

"""The maps, zones and hashes as files, for gateways that read files: a copy that works while Longstop and Redis are both away.

`NAME.map` and `NAME.zone` are what the door for maps answers. `rspamd/NAME.map` are the hashes of the gateway's side, a field and its
content a line, as Rspamd reads them: `gateway.map` is the cold copy of its Lua, the others are for its `multimap`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from services.blocklist.finding import MAPS, PAGE, book_changed_at, map_changed_at, page
from services.blocklist.maps import NEVER, text_of
from services.blocklist.rules.fields import GATEWAY, HASHES, Standing, line_of, places
from services.blocklist.rules.zones import ZONES
from shared.errors import Defer
from shared.run import Room
from shared.work import now

#: A file is written once more when its newest change is so old: one of the same moment may have been committed later.
SETTLED = timedelta(seconds=10)

#: The files rest so many times as long as writing them took, so that a large book costs a twentieth of a core at most.
REST = 20

#: The folder of Rspamd's files, and the line in `gateway.map` that says when it was made, in seconds since 1970.
RSPAMD, MADE = "rspamd", "made"

Version: TypeAlias = tuple[datetime, bool]


class WriteMaps:
    """The job: a file whose entries have changed is written anew beside itself and renamed, so that no reader sees half of it."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._folder: Path | None = room.settings.map_dir
        self._written: dict[str, Version] = {}
        self._rests_until = 0.0

    async def __call__(self) -> bool:
        """Write what has changed.

        Raises:
            Defer: the folder cannot be written now.
        """
        folder = self._folder
        if folder is None or time.monotonic() < self._rests_until:
            return False
        began = time.monotonic()
        for name in (*MAPS, *ZONES):
            changed_at = await self._database.look(lambda session: map_changed_at(session, name))  # noqa: B023
            await self._when_new(name, changed_at, lambda: self._write_text(folder, name))  # noqa: B023
        changed_at = await self._database.look(book_changed_at)
        await self._when_new(RSPAMD, changed_at, lambda: self._write_hashes(folder / RSPAMD))
        self._rests_until = began + REST * (time.monotonic() - began)
        return False

    async def _when_new(self, name: str, changed_at: datetime | None, write: Callable[[], Awaitable[None]]) -> None:
        version = (changed_at or NEVER, changed_at is None or now() - changed_at > SETTLED)
        if self._written.get(name) != version:
            await write()
            self._written[name] = version

    async def _write_text(self, folder: Path, name: str) -> None:
        text = await self._database.look(lambda session: text_of(session, name))
        with Fresh(folder, (f"{name}.{'zone' if name in ZONES else 'map'}",)) as files:
            await asyncio.to_thread(files.write, ((0, text),))

    async def _write_hashes(self, folder: Path) -> None:
        """Page by page: no large book is in memory."""
        with Fresh(folder, [f"{name.removeprefix('map:')}.map" for name in HASHES]) as files:
            files.write(((HASHES.index(GATEWAY), f"{MADE} {int(now().timestamp())}\n"),))
            after, more = "", True
            while more:
                entries = await self._database.look(lambda session: page(session, after))  # noqa: B023
                await asyncio.to_thread(lambda: files.write(_lines(entries)))  # noqa: B023
                after, more = (entries[-1].block_id, True) if len(entries) == PAGE else ("", False)


class Fresh:
    """Files that are written beside their names, and get them at the end, when nothing failed."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._paths = [folder / name for name in names]
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._paths[0].parent.mkdir(parents=True, exist_ok=True)
            self._files = [
                self._open.enter_context(_beside(path).open("w", encoding="utf-8", errors="surrogateescape"))
                for path in self._paths
            ]
        except OSError as error:
            self._open.close()
            raise _cannot(error) from error
        return self

    def write(self, texts: Iterable[tuple[int, str]]) -> None:
        """Append texts to the files with these numbers.

        Raises:
            Defer: a file cannot be written now.
        """
        try:
            for number, text in texts:
                self._files[number].write(text)
        except OSError as error:
            raise _cannot(error) from error

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._open.close()
            if kind is None:
                for path in self._paths:
                    _beside(path).replace(path)
        except OSError as error:
            raise _cannot(error) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _cannot(error: OSError) -> Defer:
    return Defer(f"LONGSTOP_MAP_DIR cannot be written: {error.strerror}")


def _lines(entries: Iterable[Standing]) -> Iterable[tuple[int, str]]:
    number = {name: at for at, name in enumerate(HASHES)}
    for entry in entries:
        for (name, field), content in places(entry=entry).items():
            yield number[name], line_of(name=name, field=field, content=content)

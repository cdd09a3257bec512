"""The maps, zones and hashes as files, for gateways that read files: a copy that works while Longstop and Redis are both away.

`NAME.map` and `NAME.zone` are what the door for maps answers. `rspamd/` holds the hashes of the gateway's side as Rspamd reads them:
`gateway.cdb` is the cold copy of its Lua, the others are for its `multimap`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeAlias

from services.blocklist.cdb import Cdb
from services.blocklist.finding import MAPS, PAGE, book_changed_at, map_changed_at, page
from services.blocklist.maps import NEVER, text_of
from services.blocklist.rules.fields import GATEWAY, HASHES, Standing, places
from services.blocklist.rules.zones import ZONES
from shared.errors import Defer
from shared.run import Room
from shared.work import now

#: A file is written once more when its newest change is so old: one of the same moment may have been committed later.
SETTLED = timedelta(seconds=10)

#: The files rest so many times as long as writing them took, so that a large book costs a tenth of a core at most. It is processor time
#: that counts where that is less: on a machine that others keep busy a change must not wait longer for it.
REST = 10

#: The folder of Rspamd's files, and the key in `gateway.cdb` that says when it was made, in seconds since 1970.
RSPAMD, MADE = "rspamd", b"made"

#: The hash whose file is lines: Rspamd finds networks in nothing else.
NETWORKS = "map:ip"

Version: TypeAlias = tuple[datetime, bool]


class Lines:
    """Writes a table as lines, as Rspamd reads them: a key, a blank, what it says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, key: bytes, value: bytes) -> None:
        """Append a line."""
        self._file.write(key + b" " + value + b"\n")

    def finish(self) -> None:
        """Nothing is missing."""


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
        began, used = time.monotonic(), time.process_time()
        for name in (*MAPS, *ZONES):
            changed_at = await self._database.look(lambda session: map_changed_at(session, name))  # noqa: B023
            await self._when_new(name, changed_at, lambda: self._write_text(folder, name))  # noqa: B023
        changed_at = await self._database.look(book_changed_at)
        await self._when_new(RSPAMD, changed_at, lambda: self._write_hashes(folder / RSPAMD))
        ended = time.monotonic()
        self._rests_until = ended + REST * min(ended - began, time.process_time() - used)
        return False

    async def _when_new(self, name: str, changed_at: datetime | None, write: Callable[[], Awaitable[None]]) -> None:
        version = (changed_at or NEVER, changed_at is None or now() - changed_at > SETTLED)
        if self._written.get(name) != version:
            await write()
            self._written[name] = version

    async def _write_text(self, folder: Path, name: str) -> None:
        text = await self._database.look(lambda session: text_of(session, name))
        with fresh(folder, (f"{name}.{'zone' if name in ZONES else 'map'}",)) as (file,):
            await asyncio.to_thread(file.write, text.encode())

    async def _write_hashes(self, folder: Path) -> None:
        """Page by page: of a large book only where its keys stand is in memory."""
        with fresh(folder, map(_file_of, HASHES)) as files:
            tables = {
                name: (Lines if name == NETWORKS else Cdb)(file) for name, file in zip(HASHES, files, strict=True)
            }
            tables[GATEWAY].add(MADE, str(int(now().timestamp())).encode())
            after, more = "", True
            while more:
                entries = await self._database.look(lambda session: page(session, after))  # noqa: B023
                await asyncio.to_thread(_add, tables, entries)
                after, more = (entries[-1].block_id, True) if len(entries) == PAGE else ("", False)
            for table in tables.values():
                await asyncio.to_thread(table.finish)


@contextmanager
def fresh(folder: Path, names: Iterable[str]) -> Iterator[list[BinaryIO]]:
    """Files that are written beside their names, and get them at the end, when nothing failed.

    Raises:
        Defer: the folder cannot be written now.
    """
    paths = [folder / name for name in names]
    beside = [path.with_name(f".{path.name}.new") for path in paths]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            yield [opened.enter_context(path.open("wb")) for path in beside]
        for written, path in zip(beside, paths, strict=True):
            written.replace(path)
    except OSError as error:
        raise Defer(f"LONGSTOP_MAP_DIR cannot be written: {error.strerror}") from error


def _file_of(name: str) -> str:
    return f"{name.removeprefix('map:')}.{'map' if name == NETWORKS else 'cdb'}"


def _add(tables: dict[str, Cdb | Lines], entries: Iterable[Standing]) -> None:
    for entry in entries:
        for (name, field), content in places(entry=entry).items():
            tables[name].add(field.encode("utf-8", "surrogateescape"), content.encode())

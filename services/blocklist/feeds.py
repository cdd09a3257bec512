"""Feeds: lists in a folder that somebody else keeps up to date. What a file names is blocked, and what leaves it is not any more.

Nothing is fetched: a feed comes as a file, put there by whoever may speak to the outside, best by renaming it into place.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import structlog
from sqlmodel import Session, col, select

from services.blocklist.checking import Outcome, Wanted
from services.blocklist.imports import Importer
from services.blocklist.rules.forms import TENANT
from services.blocklist.rules.lists_in import format_of
from services.blocklist.tables import Feed
from shared.errors import Reject
from shared.events import rfc3339
from shared.run import Room
from shared.work import Work

#: Feeds that are followed; more files than that are no feeds.
FEEDS_MAX = 100

#: Bytes that are read at a time.
PIECE = 256 * 1024

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,49}\Z")


class FollowFeeds:
    """The job: takes in every file of the folder that has changed."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._importer = Importer(room)
        self._folder: Path | None = room.settings.feed_dir
        self._log = structlog.stdlib.get_logger("feeds")

    async def __call__(self) -> bool:
        """One look at every file."""
        if self._folder:
            for path in await asyncio.to_thread(_files, self._folder):
                await self._follow(path)
        return False

    async def _follow(self, path: Path) -> None:
        try:
            found = await asyncio.to_thread(path.stat)
        except OSError:
            return  # it goes as we look: what it listed stays, for a file that is gone says nothing
        signature = f"{found.st_mtime_ns}-{found.st_size}"
        known = await self._database.look(lambda session: session.get(Feed, path.name))
        if known and known.signature == signature:
            return
        words, outcome = "", Outcome("")
        try:
            outcome = await self._importer.take(_pieces(path), _wanted(path.name))
        except (Reject, OSError) as error:
            words = str(error)
        if not words and not outcome.lines:
            words = "there is no good line in it: what it listed before stays"
        await self._database.run(lambda work: _write(path.name, signature, outcome, words, work), quiet=True)
        self._log.info("feed", name=path.name, made=outcome.made, ended=outcome.ended, faults=outcome.fault_count)


def feeds(session: Session) -> list[dict[str, Any]]:
    """What each file said last, and what came of it."""
    found = session.exec(select(Feed).order_by(col(Feed.name)))
    return [{**one.model_dump(exclude={"signature", "read_at"}), "read_at": rfc3339(one.read_at)} for one in found]


def _files(folder: Path) -> list[Path]:
    """The feeds, by name; a folder that is not there has none."""
    try:
        names = sorted(path for path in folder.iterdir() if _NAME.match(path.name) and path.is_file())
    except OSError:
        return []
    return names[:FEEDS_MAX]


def _wanted(name: str) -> Wanted:
    return Wanted(
        format=format_of(name),
        action="block",
        scope=TENANT,
        expires="never",
        note=f"feed {name}",
        by=f"feed:{name}",
        dry_run=False,
        skip_bad=True,
        claimant=f"feed:{name}",
    )


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def _write(name: str, signature: str, outcome: Outcome, words: str, work: Work) -> None:
    row = work.session.get(Feed, name) or Feed(name=name, signature="", read_at=work.at)
    row.signature, row.read_at, row.words = signature, work.at, words[:300]
    row.lines, row.faults, row.made, row.ended = outcome.lines, outcome.fault_count, outcome.made, outcome.ended
    first = outcome.faults[0] if outcome.faults else None
    row.first_fault = f"line {first['line']}: {first['reason']}"[:300] if first else ""
    work.session.add(row)

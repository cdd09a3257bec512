"""Copies of what the milter refused or took off, kept for a while, so that a mistaken block can be undone and its victims delivered.

The mails lie in a folder of their own beside the blob store: nobody else refers to them, so they go when their rows go.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import islice
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import structlog
from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from services.blocklist.rules.precedence import Candidate
from services.blocklist.tables import Copy
from shared.blobs import open_blobs
from shared.errors import Defer
from shared.run import Room
from shared.work import Work, chunks, now

#: Copies of one entry: enough for a mistake, and a flood behind one entry crowds out no other entry's.
OF_ENTRY_MAX = 1_000

#: A blob that no row refers to is this old before it goes: its row may be on its way.
GRACE = timedelta(minutes=10)

#: Rows, or blobs, of one step.
STEP = 500

MIB = 1024 * 1024


class Copies:
    """Keeps copies."""

    def __init__(self, room: Room) -> None:
        self._database = room.database
        self._blobs = open_blobs(_place(room.settings.blobs_at()))
        self._days: int = room.settings.kept_days
        self._max_bytes: int = room.settings.kept_max_mb * MIB
        self._log = structlog.stdlib.get_logger("copies")

    async def keep(self, raw: bytes, sender: str, client_ip: str, stopped: Mapping[str, Candidate]) -> None:
        """Keep a mail for those whose copies entries stopped; one that cannot be kept changes nothing about the refusal."""
        if not self._days or not stopped:
            return
        whose: dict[str, list[str]] = {}
        for recipient, entry in stopped.items():
            whose.setdefault(entry.block_id, []).append(recipient)
        try:
            full = await self._database.look(lambda session: _full(session, whose))
            rows = [
                _row(block_id, raw, sender, client_ip, people)
                for block_id, people in whose.items()
                if block_id not in full
            ]
            if rows:
                (name,) = await asyncio.to_thread(self._blobs.put, [raw])
                await self._database.run(lambda work: _add(rows, name, work), quiet=True)
        except Defer as reason:
            self._log.warning("a refused mail was not kept", reason=str(reason))

    async def read(self, sha256: str) -> bytes | None:
        """A kept mail; None when it is gone.

        Raises:
            Defer: the store cannot be read now.
        """
        return await asyncio.to_thread(self._blobs.get, sha256)

    async def forget(self) -> bool:
        """The job: copies go after their days, the oldest first beyond the space they may take; then mails without a row.

        Raises:
            Defer: the database or the store cannot be used now.
        """
        oldest = now() - timedelta(days=self._days)
        await self._database.run(lambda work: _forget(oldest, self._max_bytes, work), quiet=True)
        names = await asyncio.to_thread(lambda: list(islice(self._blobs.older(now() - GRACE), STEP * 20)))
        for some in chunks(names, STEP):
            orphans = set(some) - await self._database.look(lambda session: _referred(session, some))  # noqa: B023
            await asyncio.to_thread(self._blobs.erase, dict.fromkeys(orphans, now() - GRACE))
        return False


def forget_person(address: str, work: Work) -> None:
    """Forget the copies of mails that a person sent or should have got."""
    line = f"\n{address}\n"
    work.session.execute(
        delete(Copy).where((col(Copy.sender) == address) | col(Copy.recipients).contains(line, autoescape=True))
    )


def people_of(copy: Copy) -> list[str]:
    """Whose copies these are."""
    return copy.recipients.split()


def _place(blobs: str) -> str:
    """The URL of the copies: beside that of the blob store."""
    parts = urlsplit(blobs)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}-kept"))


def _row(block_id: str, raw: bytes, sender: str, client_ip: str, people: Iterable[str]) -> Copy:
    recipients = "".join(f"\n{one}\n" for one in people if not any(char.isspace() for char in one))
    return Copy(
        copy_id=str(uuid4()),
        block_id=block_id,
        sha256="",
        size_bytes=len(raw),
        sender=sender[:320],
        client_ip=client_ip[:45],
        recipients=recipients,
        kept_at=now(),
    )


def _add(rows: Iterable[Copy], name: str, work: Work) -> None:
    for row in rows:
        row.sha256 = name
        work.session.add(row)


def _full(session: Session, block_ids: Iterable[str]) -> set[str]:
    """The entries that have as many copies as one may have."""
    query = (
        select(Copy.block_id)
        .where(col(Copy.block_id).in_(list(block_ids)))
        .group_by(col(Copy.block_id))
        .having(func.count() >= OF_ENTRY_MAX)
    )
    return set(session.exec(query))


def _forget(oldest: object, max_bytes: int, work: Work) -> None:
    work.session.execute(delete(Copy).where(col(Copy.kept_at) < oldest))
    surplus = int(work.session.exec(select(func.coalesce(func.sum(Copy.size_bytes), 0))).one()) - max_bytes
    while surplus > 0:
        some = work.session.exec(select(Copy).order_by(col(Copy.kept_at)).limit(STEP)).all()
        for copy in some:
            if surplus > 0:
                surplus -= copy.size_bytes
                work.session.delete(copy)
        work.session.flush()


def _referred(session: Session, names: Iterable[str]) -> set[str]:
    return set(session.exec(select(Copy.sha256).where(col(Copy.sha256).in_(list(names)))))

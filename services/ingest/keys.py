"""Idempotency keys of the HTTP door: the same key and request, the same answer, and one report."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from services.ingest.handlers import write_all
from services.ingest.tables import Key
from shared.events import ReportReceived, ReportRejected
from shared.work import Database, Work, now

#: How long a key is remembered; senders of mail retry for up to five days (RFC 5321, section 4.5.4.1).
KEEP = timedelta(days=7)


class Keys:
    """Keys and what was answered to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def once(
        self,
        key: str | None,
        fingerprint: str,
        ids: Sequence[str],
        events: Sequence[ReportReceived | ReportRejected],
        work: Work,
    ) -> list[str] | None:
        """Write the events down unless the key was used; the ids to answer, or None when it was used for another request."""
        if key:
            used = work.session.get(Key, key)
            if used:
                return used.answer_ids.split(",") if used.fingerprint == fingerprint else None
            work.session.add(Key(key=key, fingerprint=fingerprint, answer_ids=",".join(ids), used_at=work.at))
        write_all(events, work)
        return list(ids)

    async def forget_old(self) -> bool:
        """Drop keys whose time is over: a job, once an hour."""
        before = now() - KEEP
        await self._database.run(lambda work: work.session.execute(delete(Key).where(col(Key.used_at) < before)))
        return False

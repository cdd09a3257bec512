"""Whether mail of a sender has been analysed here before: our own history, as long as it is kept."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.submission.tables import Item
from shared.known import FREEMAIL
from shared.mail import registrable

#: A sender is new on its first day: all mails of a fresh campaign are.
FIRST_DAY = timedelta(days=1)

#: A history shorter than this calls nobody new.
HISTORY_MIN = timedelta(days=14)


def sender_key(address: str) -> str:
    """By what a sender is known: its organisation's domain, or its address where anybody may have one; empty when it has none."""
    domain = address.rpartition("@")[2].lower()
    if "." not in domain:
        return ""
    return (address.lower() if domain in FREEMAIL else registrable(domain) or domain)[:320]


class History:
    """What one process knows of it."""

    def __init__(self) -> None:
        self._since: datetime | None = None  # looked up once: nothing older is ever added

    def new_senders(self, items: Sequence[Item], session: Session) -> frozenset[str]:
        """The submissions of those `items` whose senders are new. One look-up by key a sender."""
        asked = [item for item in items if item.sender]
        if not asked:
            return frozenset()
        self._since = self._since or session.exec(select(func.min(col(Item.asked_at)))).one() or asked[0].asked_at
        old_enough = [item for item in asked if item.asked_at - self._since >= HISTORY_MIN]
        firsts = {key: _first(key, session) for key in {item.sender for item in old_enough}}
        return frozenset(_new(old_enough, firsts))


def _new(items: Iterable[Item], firsts: dict[str, datetime | None]) -> Iterator[str]:
    for item in items:
        first = firsts[item.sender]
        if first is None or item.asked_at - first < FIRST_DAY:
            yield item.submission_id


def _first(key: str, session: Session) -> datetime | None:
    query = select(Item.asked_at).where(col(Item.sender) == key).order_by(col(Item.asked_at)).limit(1)
    return session.exec(query).first()

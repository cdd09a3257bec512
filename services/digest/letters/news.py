"""What is said to digests by events: that mail was held for somebody, and how people want to be told."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import col

from services.digest.letters.settings import known_language, known_zone
from services.digest.letters.tables import NEVER, Mailbox, Preference
from shared.errors import Reject
from shared.events import DigestPreferred
from shared.work import Work


def note_news(addresses: Iterable[str], held_at: datetime, work: Work) -> None:
    """Something waits to be told to these. A digest is due by when the mail was held, however late its event comes."""
    since = min(held_at, work.at)
    for address in addresses:
        mailbox = work.find(Mailbox, address) or work.new(Mailbox, address=address)
        if mailbox.news_at is None:
            mailbox.news_at, mailbox.due_at = since, None


def on_digest_preferred(event: DigestPreferred, work: Work) -> None:
    """Keep what somebody said; their next digest is due by it.

    Raises:
        Reject: it names a language or zone that there is not.
    """
    values = event.model_dump(include={"frequency", "every_hours", "hour"}, exclude_none=True)
    try:
        values |= {"language": known_language(event.language)} if event.language else {}
        values |= {"zone": known_zone(event.zone)} if event.zone else {}
    except ValueError as error:
        raise Reject(f"a preference that cannot be followed: {error}") from error
    key = event.recipient.lower()
    row = work.find(Preference, key) or work.new(Preference, address=key, at=event.at)
    if event.at < row.at:
        return  # streams keep their order, replicas of the portal do not
    row.at = event.at
    for name, value in values.items():
        setattr(row, name, value)
    theirs = or_(func.lower(col(Mailbox.address)) == key, col(Mailbox.due_at) == NEVER)  # or an address that they read
    for mailbox in work.load(Mailbox, theirs, col(Mailbox.news_at).is_not(None)):
        mailbox.due_at = None

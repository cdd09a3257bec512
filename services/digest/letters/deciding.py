"""A digest is decided in the transaction that marks what it tells as told: no row is left out, none is told twice."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlmodel import Session, col

from services.digest.letters.people import Choice, People
from services.digest.letters.schedule import next_due
from services.digest.letters.tables import NEVER, Mail, Mailbox, Preference, digest_of
from services.digest.tables import Copy, Held
from shared.work import Work

#: Rows of one digest: what a person reads, and what Gmail shows without cutting it at 102 kB; the rest comes with the next.
ROWS_MAX = 80


def untold() -> ColumnElement[bool]:
    """Copies that no digest has told of yet. A policy that permits nothing keeps a copy from its recipient's eyes too."""
    shown = or_(col(Copy.permissions) != "", col(Copy.policy) == "")
    return and_(col(Copy.mail_id) == "", col(Copy.status) == "held", shown)


def take_stock(work: Work) -> None:
    """At start: who has something untold but no row, as after an upgrade, gets one; every due time is reckoned again.

    What is said for whom may be another than when it was reckoned.
    """
    work.session.execute(update(Mailbox).where(col(Mailbox.due_at).is_not(None)).values(due_at=None))
    missing = (
        select(col(Copy.recipient), func.min(col(Held.held_at)))
        .join(Held, col(Held.held_id) == col(Copy.held_id))
        .where(untold(), col(Copy.recipient).not_in(select(col(Mailbox.address))))
        .group_by(col(Copy.recipient))
    )
    for address, held_at in work.session.execute(missing).all():
        work.new(Mailbox, address=address, news_at=held_at)


def reckon(people: People, limit: int, work: Work) -> int:
    """Say when digests are due of those who have news; how many were reckoned."""
    mailboxes = work.load(Mailbox, col(Mailbox.news_at).is_not(None), col(Mailbox.due_at).is_(None), limit=limit)
    for mailbox, choice in _choices(mailboxes, people, work):
        due = next_due(choice.schedule, news_at=mailbox.news_at or work.at, told_at=mailbox.told_at)
        mailbox.due_at = due if due and choice.readers else NEVER
    return len(mailboxes)


def decide_due(people: People, limit: int, work: Work) -> int:
    """Decide the digests that are due; how many mailboxes were looked at."""
    mailboxes = work.load(Mailbox, col(Mailbox.due_at) <= work.at, limit=limit)
    for mailbox, choice in _choices(mailboxes, people, work):
        if choice.readers:
            decide(mailbox, choice.readers, work)
        else:
            mailbox.due_at = NEVER  # the last of its readers left meanwhile
    return len(mailboxes)


def decide_now(address: str, people: People, work: Work) -> list[str]:
    """Decide the digest of one address, whenever it is due; its letters."""
    mailbox = work.find(Mailbox, address)
    return decide(mailbox, people.of(address).readers, work) if mailbox else []


def decide(mailbox: Mailbox, readers: Sequence[str], work: Work) -> list[str]:
    """One digest: its copies are told, its letters are due. Nothing when there is nothing to tell."""
    digest_id = str(uuid4())
    count = _mark(mailbox.address, digest_id, work)
    mailbox.news_at, mailbox.due_at = None, None
    if not count:
        return []
    rest = _rest(mailbox.address, work.session) if count == ROWS_MAX else 0
    mailbox.told_at = work.at
    mailbox.news_at = work.at if rest else None
    own = list(readers) == [mailbox.address]
    mail_ids = [digest_id] if own else [f"{digest_id}.{number}" for number, _ in enumerate(readers, start=1)]
    for mail_id, reader in zip(mail_ids, readers, strict=True):
        work.new(
            Mail,
            mail_id=mail_id,
            recipient=reader,
            mailbox="" if own else mailbox.address,
            decided_at=work.at,
            due_at=work.at,
            item_count=count,
            rest=rest,
        )
    return mail_ids


def give_up(mail: Mail, work: Work) -> None:
    """A letter cannot be sent. When no other letter tells of its copies, the next digest does."""
    digest_id = digest_of(mail.mail_id)
    work.session.execute(delete(Mail).where(col(Mail.mail_id) == mail.mail_id))
    others = select(col(Mail.mail_id)).where(col(Mail.mail_id).like(f"{digest_id}.%")).limit(1)
    if work.session.execute(others).first():
        return
    address = mail.mailbox or mail.recipient
    told = and_(col(Copy.recipient) == address, col(Copy.mail_id) == digest_id)
    work.session.execute(update(Copy).where(told).values(mail_id=""))
    if mailbox := work.find(Mailbox, address):
        mailbox.news_at, mailbox.due_at = work.at, None


def _mark(address: str, digest_id: str, work: Work) -> int:
    first = (
        select(col(Copy.held_id))
        .where(untold(), col(Copy.recipient) == address)
        .order_by(col(Copy.expires_at), col(Copy.held_id))
        .limit(ROWS_MAX)
    )
    mine = and_(col(Copy.recipient) == address, col(Copy.held_id).in_(first))
    done = work.session.execute(update(Copy).where(mine).values(mail_id=digest_id))
    return int(getattr(done, "rowcount", 0))


def _rest(address: str, session: Session) -> int:
    left = select(func.count()).select_from(Copy).where(untold(), col(Copy.recipient) == address)
    return int(session.execute(left).scalar_one())


def _choices(mailboxes: Sequence[Mailbox], people: People, work: Work) -> list[tuple[Mailbox, Choice]]:
    """How each is told. Who wants no digests reads none of others either."""
    said = {mailbox.address: people.of(mailbox.address) for mailbox in mailboxes}
    work.foresee(Preference, {one.lower() for address, choice in said.items() for one in (address, *choice.readers)})
    found = []
    for mailbox in mailboxes:
        choice = people.of(mailbox.address, work.known(Preference, mailbox.address.lower()))
        wanted = [reader for reader in choice.readers if not _wants_none(reader, work)]
        found.append((mailbox, replace(choice, readers=tuple(wanted))))
    return found


def _wants_none(reader: str, work: Work) -> bool:
    preference = work.known(Preference, reader.lower())
    return preference is not None and preference.frequency == "never"

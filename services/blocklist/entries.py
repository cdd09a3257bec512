"""The book of entries inside a unit of work: add, keep, end, and say so. Handlers, jobs and the API all write through it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import func
from sqlmodel import Session, col, delete, exists, select

from services.blocklist.rules.forms import canonical, canonical_scope
from services.blocklist.rules.guards import refusal
from services.blocklist.rules.terms import LIFETIME, later
from services.blocklist.rules.traffic import DAYS, FRESH_DAYS, collateral, day_of
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import Claim, Entry, Traffic, active
from shared.errors import Reject
from shared.events import BlockCreated, BlockExpired, BlockOrigin, BlockRemoved, fact_id
from shared.events.vocabulary import BlockAction, BlockKind
from shared.work import Work

#: Entries that may stand at once: feeds are long. The hash then takes some 400 MB of Redis.
ENTRIES_MAX = 2_000_000

#: The claimant of whatever people asked for.
PEOPLE = "people"

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An entry that somebody wants. `cause` identifies the asking: the same cause and value make the same entry."""

    kind: BlockKind
    value: str
    action: BlockAction = "block"
    scope: str = "tenant"
    expires_at: datetime | None
    origin: BlockOrigin
    cause: str
    claimant: str = PEOPLE
    reported_at: datetime | None = None
    idle_days: int | None = None

    @property
    def automatic(self) -> bool:
        """Whether a verdict asks, not a person."""
        return self.claimant != PEOPLE


class Book:
    """Adds entries, within the guards."""

    def __init__(self, settings: BlocklistSettings) -> None:
        self._ours = settings.ours()
        self._budget = settings.auto_block_per_hour
        self._collateral_max = settings.collateral_max
        self._counted: tuple[datetime | None, int] = (None, 0)

    def add(self, wish: Wish, work: Work) -> Entry:
        """The entry for a wish: made now, or the one that stands with the later of both ends.

        Raises:
            Reject: a guard refuses it; nothing was written, and the text says what would be accepted.
        """
        scope = canonical_scope(wish.scope)
        value = canonical(kind=wish.kind, value=wish.value)
        wish = replace(wish, value=value)
        self._guard(wish, work)
        standing = work.session.exec(
            select(Entry).where(Entry.scope == scope, Entry.kind == wish.kind, Entry.value == value, active())
        ).first()
        if standing and standing.action == wish.action:
            return _keep(standing, wish, work)
        if wish.automatic:
            self._ask_people(wish, scope, value, standing, work)
        self._limit(wish, work)
        if standing:
            end(standing, work, by=wish.origin.by)
            work.session.flush()  # two active entries of one value never meet, not even inside a transaction
        return _make(wish, scope, value, work)

    def why_not(self, wish: Wish, *, at: datetime) -> str:
        """Why a wish with a canonical value is never granted, whatever stands; empty when it may be."""
        reason = refusal(
            kind=wish.kind,
            value=wish.value,
            action=wish.action,
            ours=self._ours,
            automatic=wish.automatic,
        )
        if not reason and wish.expires_at and wish.expires_at <= at:
            reason = "the expiry is over already: give a time in the future"
        return reason

    def collateral(self, *, mails: int, days: int) -> str:
        """Why a verdict does not list what would have stopped so many mails on so many days; empty when it may."""
        return collateral(mails=mails, days=days, most=self._collateral_max)

    def _guard(self, wish: Wish, work: Work) -> None:
        if reason := self.why_not(wish, at=work.at):
            raise Reject(reason)
        if wish.automatic:
            self._spare(wish, work)

    def _spare(self, wish: Wish, work: Work) -> None:
        """A verdict never lists what has brought mail for long: a false report, or a robbed account, must not cut a partner off."""
        today = day_of(work.at)
        mails, days = mails_seen(
            work.session, kind=wish.kind, value=wish.value, since=today - DAYS, until=today - FRESH_DAYS
        )
        if reason := self.collateral(mails=mails, days=days):
            raise Reject(reason)

    def _ask_people(self, wish: Wish, scope: str, value: str, standing: Entry | None, work: Work) -> None:
        """A verdict never overrides people: not their allow, and not their removal of a block for as long as one lasts."""
        if standing:
            raise Reject(f"an {standing.action} entry of it stands ({standing.block_id}): remove that first")
        removed = select(Entry).where(
            Entry.value == value,
            Entry.scope == scope,
            Entry.kind == wish.kind,
            Entry.action == wish.action,
            Entry.status == "removed",
            Entry.ended_by != "verdict",
        )
        newest = max(work.session.exec(removed), key=lambda entry: entry.changed_at, default=None)
        if newest and newest.changed_at > work.at - LIFETIME:
            raise Reject(f"an operator removed it lately ({newest.block_id}): an operator can add it again")

    def _limit(self, wish: Wish, work: Work) -> None:
        made = (
            select(func.count()).select_from(Entry).where(Entry.by == "verdict", col(Entry.created_at) > work.at - HOUR)
        )
        if wish.automatic and work.session.exec(made).one() >= self._budget:
            raise Reject(
                f"verdicts made {self._budget} entries within the last hour, which is their budget: an operator can add it"
            )
        if self._standing(work) >= ENTRIES_MAX:
            raise Reject(f"{ENTRIES_MAX} entries stand already: remove or let expire some first")

    def _standing(self, work: Work) -> int:
        """How many entries stand, within what a minute changes: counting a million takes longer than all the rest."""
        counted_at, count = self._counted
        if counted_at is None or work.at - counted_at > MINUTE or count >= ENTRIES_MAX:
            counted_at, count = work.at, count_standing(work.session)
        self._counted = counted_at, count + 1
        return count


def count_standing(session: Session) -> int:
    """How many entries are active."""
    return session.exec(select(func.count()).select_from(Entry).where(active())).one()


def mails_seen(session: Session, *, kind: BlockKind, value: str, since: int, until: int) -> tuple[int, int]:
    """How many mails that an entry would name passed on these days, and on how many of them."""
    query = select(func.coalesce(func.sum(Traffic.mails), 0), func.count()).where(
        Traffic.kind == kind, Traffic.value == value, col(Traffic.day) >= since, col(Traffic.day) <= until
    )
    mails, days = session.exec(query).one()
    return int(mails), int(days)


def withdraw(claimant: str, work: Work) -> None:
    """Take back what a verdict listed: its claims go, and every entry that a verdict made and nobody claims any more."""
    claimed = select(Claim.block_id).where(Claim.claimant == claimant)
    others = exists().where(col(Claim.block_id) == Entry.block_id, col(Claim.claimant) != claimant)
    ending = work.session.exec(select(Entry).where(active(), col(Entry.block_id).in_(claimed), ~others)).all()
    for entry in ending:
        end(entry, work, by="verdict")
    work.session.exec(delete(Claim).where(col(Claim.claimant) == claimant))


def end(entry: Entry, work: Work, *, by: str) -> None:
    """End an active entry because somebody took it away."""
    _close(entry, "removed", by, work)
    work.emit(BlockRemoved(**named_fields(entry), by=by))


def expire(entries: Sequence[Entry], work: Work) -> None:
    """End active entries because their time is over."""
    for entry in entries:
        _close(entry, "expired", "", work)
        work.emit(BlockExpired(**named_fields(entry)))


def origin_of(entry: Entry) -> BlockOrigin:
    """Where an entry comes from."""
    return BlockOrigin(**entry.model_dump(include=set(BlockOrigin.model_fields)))


def prolong(entry: Entry, ends: datetime | None, work: Work) -> None:
    """Let an entry end at another time."""
    entry.expires_at = ends
    _changed(entry, work)


def _keep(entry: Entry, wish: Wish, work: Work) -> Entry:
    ends = later(one=entry.expires_at, other=wish.expires_at)
    entry.idle_days = max(entry.idle_days, wish.idle_days) if entry.idle_days and wish.idle_days else None
    if ends != entry.expires_at:
        prolong(entry, ends, work)
    work.session.merge(Claim(block_id=entry.block_id, claimant=wish.claimant))
    return entry


def _make(wish: Wish, scope: str, value: str, work: Work) -> Entry:
    entry = Entry(
        block_id=fact_id("block", wish.cause, scope, wish.kind, value),
        kind=wish.kind,
        value=value,
        action=wish.action,
        scope=scope,
        created_at=work.at,
        changed_at=work.at,
        expires_at=wish.expires_at,
        reported_at=wish.reported_at,
        idle_days=wish.idle_days,
        **wish.origin.model_dump(),
    )
    work.session.add(entry)
    work.session.add(Claim(block_id=entry.block_id, claimant=wish.claimant))
    work.emit(
        BlockCreated(**named_fields(entry), expires_at=entry.expires_at, idle_days=entry.idle_days, origin=wish.origin)
    )
    return entry


def _close(entry: Entry, status: str, by: str, work: Work) -> None:
    entry.status, entry.ended_by = status, by
    _changed(entry, work)


def _changed(entry: Entry, work: Work) -> None:
    entry.generation += 1
    entry.changed_at = work.at


def named_fields(entry: Entry) -> dict[str, Any]:
    """The fields that every event about an entry has."""
    return {
        "block_id": entry.block_id,
        "kind": cast("BlockKind", entry.kind),
        "value": entry.value,
        "action": cast("BlockAction", entry.action),
        "scope": entry.scope,
    }

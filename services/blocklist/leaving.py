"""What a feed claims, and what it lets go when it names it no more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, update
from sqlmodel import Session, col, select

from services.blocklist.checking import Wanted
from services.blocklist.entries import end
from services.blocklist.rules.terms import LIFETIME
from services.blocklist.staging import Checked, Staged
from services.blocklist.tables import Claim, Entry, active
from shared.work import Database, Work

#: Claims of one step.
STEP = 2_000

#: Up to so many entries of one step are told one by one.
TOLD_MAX = 200

Key = tuple[str, str, str]


def claim(rows: Sequence[Checked], wanted: Wanted, work: Work) -> None:
    """Claim what stands already, whoever made it: it stays until the last of those who want it lets go."""
    keys = {row.key for row in rows}
    values = [row.value for row in rows]
    standing = select(Entry.block_id, Entry.scope, Entry.kind, Entry.value).where(
        active(), Entry.action == wanted.action, col(Entry.value).in_(values)
    )
    found = {block_id for block_id, *key in work.session.exec(standing) if tuple(key) in keys}
    mine: Any = select(Claim.block_id).where(col(Claim.block_id).in_(found), Claim.claimant == wanted.claimant)
    fresh = found - set(work.session.exec(mine))
    work.session.add_all(Claim(block_id=block_id, claimant=wanted.claimant) for block_id in fresh)
    work.session.flush()


def ended_by_people(rows: Sequence[Checked], work: Work) -> set[Key]:
    """What people have removed lately: a feed lists it no more than a verdict does."""
    removed = select(Entry.scope, Entry.kind, Entry.value).where(
        Entry.status == "removed",
        col(Entry.value).in_([row.value for row in rows]),
        col(Entry.changed_at) > work.at - LIFETIME,
        col(Entry.ended_by).not_in(["verdict", "import"]),
        ~col(Entry.ended_by).startswith("feed:"),
    )
    return set(work.session.exec(removed).all())


async def let_go(database: Database, named: Staged, claimant: str) -> int:
    """Give up what a feed claimed and does not name now (`named`: its lines, as they were checked); how many entries ended."""
    keys: set[int] = set()
    while some := await named.next(STEP):
        keys.update(hash(row.key) for row in some)
    after, ended = "", 0
    while page := await database.look(lambda session: _claimed(session, claimant, after)):  # noqa: B023
        after = page[-1][0]
        gone = [block_id for block_id, *key in page if hash(tuple(key)) not in keys]
        if gone:
            ended += await database.run(lambda work: _release(gone, claimant, work))  # noqa: B023
    return ended


def _claimed(session: Session, claimant: str, after: str) -> Sequence[tuple[str, str, str, str]]:
    query = (
        select(Entry.block_id, Entry.scope, Entry.kind, Entry.value)
        .join(Claim, col(Claim.block_id) == col(Entry.block_id))
        .where(Claim.claimant == claimant, col(Entry.block_id) > after)
        .order_by(col(Entry.block_id))
        .limit(STEP)
    )
    return session.exec(query).all()


def _release(block_ids: Sequence[str], claimant: str, work: Work) -> int:
    work.session.execute(delete(Claim).where(col(Claim.claimant) == claimant, col(Claim.block_id).in_(block_ids)))
    wanted = exists().where(col(Claim.block_id) == col(Entry.block_id))
    unwanted = select(Entry).where(active(), col(Entry.block_id).in_(block_ids), ~wanted)
    ending = work.session.exec(unwanted).all()
    if len(ending) <= TOLD_MAX:
        for entry in ending:
            end(entry, work, by=claimant)
        return len(ending)
    ids = [entry.block_id for entry in ending]
    silent = (
        update(Entry)
        .where(col(Entry.block_id).in_(ids))
        .values(status="removed", ended_by=claimant, changed_at=work.at, generation=col(Entry.generation) + 1)
    )
    work.session.execute(silent)
    return len(ids)

"""What the console forgets: a person's mails when they ask for it, everybody's after their time. Entries of lists stay."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, exists, func, or_, update
from sqlmodel import col, select

from services.console.handlers.note import note
from services.console.tables import (
    Activity,
    Block,
    Case,
    Copy,
    Count,
    Failure,
    Held,
    HeldText,
    Notification,
    Purge,
    PurgeBox,
    Report,
    Reporter,
    ReportText,
    Verdict,
    count,
)
from shared.events import ErasureRequested, NotificationSent, fact_id
from shared.rows import IN_MAX
from shared.work import Work, chunks


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget what a person reported, received or sent. A case that others reported, too, stays without their names."""
    address = event.address
    work.flush()
    is_mine = or_(
        func.lower(Report.reporter) == address,
        func.lower(Report.from_address) == address,
        func.lower(cast(Report.envelope, String)).contains(f'"{address}"', autoescape=True),
    )
    cases = set(work.session.exec(select(Report.case_id).where(is_mine, Report.case_id != "")).all())
    _drop_reports(is_mine, work)
    people = (col(Count.measure) == "target", col(Count.word) == address)
    work.session.execute(delete(Count).where(*people))
    work.session.execute(delete(Reporter).where(col(Reporter.id) == address))
    work.session.execute(delete(Copy).where(func.lower(Copy.recipient) == address))
    _drop_told(address, work)
    _drop_purged(address, work)
    _drop_held(func.lower(Held.from_address) == address, work)
    _drop_held(~exists().where(col(Copy.held_id) == Held.id), work)
    for case_id in cases:
        if not work.session.exec(select(Report.id).where(Report.case_id == case_id).limit(1)).first():
            _drop_case(col(Case.id) == case_id, case_id, work)
    recount(work)
    note(event, "A person's mails were erased", work)


def _drop_told(address: str, work: Work) -> None:
    """Drop what a person was told, with the lines of activity that name them."""
    told = select(Notification.id).where(func.lower(Notification.recipient) == address)
    for some in chunks(work.session.exec(told).all(), IN_MAX):
        facts = [fact_id(NotificationSent.STREAM, one) for one in some]
        work.session.execute(delete(Activity).where(col(Activity.fact).in_(facts)))
        work.session.execute(delete(Notification).where(col(Notification.id).in_(some)))


def _drop_purged(address: str, work: Work) -> None:
    """Drop what was done in a person's mailbox, and which mails of theirs were looked for."""
    work.session.execute(delete(PurgeBox).where(func.lower(PurgeBox.mailbox) == address))
    theirs = update(Purge).where(col(Purge.from_address) == address)
    work.session.execute(theirs.values(match={}, from_address="", subject="", reason=""))
    named = func.lower(cast(Purge.mailboxes, String)).contains(f'"{address}"', autoescape=True)
    for purge in work.load(Purge, named):
        purge.mailboxes = [one for one in purge.mailboxes if one.lower() != address]
        purge.match = purge.match if purge.mailboxes else {}  # without any it would be planned again in all of them


def forget(before: datetime, work: Work) -> None:
    """Forget what happened before a time."""
    _drop_reports(col(Report.at) < before, work)
    kinds: tuple[Any, ...] = (Case, Verdict, Failure, Notification, Activity)
    for kind in kinds:
        work.session.execute(delete(kind).where(kind.at < before))
    work.session.execute(delete(Reporter).where(col(Reporter.last_at) < before))
    month = before.date().replace(day=1).isoformat()
    work.session.execute(delete(Count).where(col(Count.day) != "", col(Count.day) < month))
    old = select(Purge.id).where(col(Purge.at) < before)
    work.session.execute(delete(PurgeBox).where(col(PurgeBox.purge_id).in_(old)))
    work.session.execute(delete(Purge).where(col(Purge.at) < before))
    _drop_held(col(Held.expires_at) < before, work)
    recount(work)


def recount(work: Work) -> None:
    """Count what stands now from the rows themselves, after many of them went at once."""
    standing: dict[str, tuple[Any, Any]] = {
        "case": (Case, Case.stage), "copy": (Copy, Copy.status), "block": (Block, Block.status),
        "purge": (Purge, Purge.status),
    }  # fmt: skip
    work.flush()
    work.forget()
    work.session.execute(delete(Count).where(col(Count.day) == ""))
    for measure, (kind, column) in standing.items():
        for word, n in work.session.execute(select(column, func.count()).where(kind.tallied).group_by(column)).all():
            count(work, measure, word, by=n)


def _drop_reports(which: ColumnElement[bool], work: Work) -> None:
    work.session.execute(delete(ReportText).where(col(ReportText.ref).in_(select(Report.id).where(which))))
    work.session.execute(delete(Report).where(which))


def _drop_held(which: ColumnElement[bool], work: Work) -> None:
    mine = select(Held.id).where(which)
    work.session.execute(delete(HeldText).where(col(HeldText.ref).in_(mine)))
    work.session.execute(delete(Copy).where(col(Copy.held_id).in_(mine)))
    work.session.execute(delete(Held).where(which))


def _drop_case(which: ColumnElement[bool], case_id: str, work: Work) -> None:
    work.session.execute(delete(Verdict).where(col(Verdict.case_id) == case_id))
    work.session.execute(delete(Failure).where(col(Failure.case_id) == case_id))
    work.session.execute(delete(Case).where(which))

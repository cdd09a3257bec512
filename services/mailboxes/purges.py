"""The life of a purge, as rows and events: begun, planned, approved, run, finished, undone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from services.mailboxes.results import boxes_of, finish, finish_restore, finish_run, say_planned
from services.mailboxes.rules.likeness import Wanted
from services.mailboxes.rules.policy import fresh_until, needs_second, why_not
from services.mailboxes.settings import MailboxesSettings
from services.mailboxes.tables import Box, Move, Purge, Restore
from shared.errors import Defer, Reject
from shared.events import PurgeApproved, PurgeRequested, RestoreRequested
from shared.plural import counted
from shared.work import Work

#: What a verdict is called among those who ask.
VERDICT = "verdict"


class Purges:
    """Purges of one mail store, which the settings name."""

    def __init__(self, settings: MailboxesSettings) -> None:
        self._settings = settings

    def begin(self, event: PurgeRequested, work: Work) -> Purge:
        """Write a purge down; one that must not be is finished at once, `refused` with the reason."""
        if known := work.session.get(Purge, event.purge_id):
            return known
        purge = Purge(
            match=event.match.model_dump_json(exclude_none=True),
            from_address=event.match.from_address.lower(),
            message_sha256=event.message_sha256 or "",
            folder=self._settings.purge_folder,
            requested_at=work.at,
            **event.model_dump(include={"purge_id", "by", "reason", "case_id", "go", "force", "tell_users"}),
        )
        work.session.add(purge)
        if why := self._why_not(event, work):
            finish(purge, "refused", why, work)
        elif event.mailboxes:
            self.look_in(purge, event.mailboxes, work)
        else:
            purge.due_at = work.at
        return purge

    def look_in(self, purge: Purge, mailboxes: Sequence[str], work: Work) -> None:
        """Plan what to do in these mailboxes."""
        names = list(dict.fromkeys(mailboxes))
        purge.due_at = None
        if len(names) > self._settings.purge_mailboxes_max:
            return finish(purge, "refused", f"{len(names)} mailboxes are more than LONGSTOP_PURGE_MAILBOXES_MAX", work)
        for name in names:
            work.session.add(Box(purge_id=purge.purge_id, mailbox=name, task="plan", due_at=work.at))
        return self.settle(purge, work)

    def plan_anew(self, purge: Purge, work: Work) -> None:
        """Throw the plan away and make another.

        Raises:
            Reject: it is not waiting for anybody.
        """
        if purge.status != "planned":
            raise Reject(f"this purge is {purge.status}: only one that is planned is planned anew")
        purge.status, purge.plan = "planning", purge.plan + 1
        work.session.execute(
            update(Box)
            .where(col(Box.purge_id) == purge.purge_id)
            .values(task="plan", due_at=work.at, attempts=0, found=0, unlike=0, result="", reason="")
        )

    def approve(self, purge: Purge, *, plan: int, by: str, work: Work, say: bool) -> None:
        """Act on a plan, for somebody who stands for it; again by the same person it is nothing new.

        Raises:
            Defer: an event is ahead of the plan.
            Reject: there is no such plan (any more), or it needs somebody else.
        """
        if purge.approved_by == by and purge.plan == plan:
            return
        if not say and purge.plan == plan and purge.outcome in ("done", "failed"):  # a replay heard of its end first
            purge.approved_by = purge.approved_by or by
            return
        if not say and (purge.status == "planning" or plan > purge.plan):
            raise Defer("this purge is not planned yet")
        if purge.status != "planned" or purge.plan != plan or purge.planned_at is None:
            raise Reject(f"plan {plan} cannot be approved: this purge is {purge.status}, its plan is {purge.plan}")
        if work.at > self._fresh_until(purge.planned_at):
            raise Reject(f"the plan is older than {self._settings.purge_plan_minutes} minutes: have it planned anew")
        if by == purge.by and self.needs_second(purge, work.session):
            raise Reject("this purge hits so many mailboxes that somebody else must approve it")
        purge.status, purge.approved_by = "running", by
        work.session.execute(
            update(Box)
            .where(col(Box.purge_id) == purge.purge_id, col(Box.found) > 0)
            .values(task="purge", due_at=work.at, attempts=0)
        )
        if say:
            work.emit(PurgeApproved(purge_id=purge.purge_id, plan=plan, by=by))

    def withdraw(self, purge: Purge, why: str, work: Work) -> None:
        """End a purge that has moved nothing yet.

        Raises:
            Reject: it has begun.
        """
        if purge.status not in ("planning", "planned"):
            raise Reject(f"this purge is {purge.status}: what it moved can be restored")
        finish(purge, "withdrawn", why, work)

    def restore(self, event: RestoreRequested, work: Work) -> None:
        """Put mails back: what of this purge is still to be moved is not.

        Raises:
            Defer: the purge is not known yet.
            Reject: it has moved nothing.
        """
        if known := work.session.get(Restore, event.restore_id):
            known.by = event.by
            return
        purge = purge_of(event.purge_id, work)
        if not purge.approved_by and purge.outcome != "done":
            raise Reject(f"this purge is {purge.outcome or purge.status}: it has moved nothing that could be restored")
        boxes = work.session.exec(select(Box).where(Box.purge_id == purge.purge_id, Box.found > 0)).all()
        named = set(event.mailboxes)
        for box in boxes:
            if not named or box.mailbox in named:
                box.task, box.due_at, box.attempts, box.restore_id = "restore", work.at, 0, event.restore_id
        work.session.add(
            Restore(restore_id=event.restore_id, purge_id=event.purge_id, by=event.by, requested_at=work.at)
        )
        self.settle(purge, work)
        finish_restore(event.restore_id, work)

    def settle(self, purge: Purge, work: Work) -> None:
        """Go on when every mailbox has done its task."""
        if purge.status == "planning" and not purge.due_at and not _busy(purge, "plan", work):
            self._planned(purge, work)
        elif purge.status == "running" and not _busy(purge, "purge", work):
            finish_run(purge, work)

    def needs_second(self, purge: Purge, session: Session) -> bool:
        """Whether the plan needs somebody else than who asked for it."""
        hits = session.exec(
            select(func.count()).select_from(Box).where(Box.purge_id == purge.purge_id, Box.found > 0)
        ).one()
        return needs_second(hit_count=hits, above=self._settings.purge_approval_above)

    def _planned(self, purge: Purge, work: Work) -> None:
        boxes = boxes_of(purge, work)
        hits = [box for box in boxes if box.found]
        second = needs_second(hit_count=len(hits), above=self._settings.purge_approval_above)
        purge.status, purge.planned_at = "planned", work.at
        say_planned(purge, boxes, work, second=second, until=self._fresh_until(work.at))
        failed = [box for box in boxes if box.result == "failure"]
        if purge.go and not hits:
            why = (
                f"could not be looked at: {counted(len(failed), 'mailbox', 'mailboxes')}"
                if failed
                else "no mailbox has such a mail"
            )
            finish(purge, "failed" if failed else "nothing", why, work)
        elif purge.go and not second:
            self.approve(purge, plan=purge.plan, by=purge.by, work=work, say=True)

    def _fresh_until(self, planned_at: datetime) -> datetime:
        return fresh_until(planned_at=planned_at, minutes=self._settings.purge_plan_minutes)

    def _why_not(self, event: PurgeRequested, work: Work) -> str:
        if not self._settings.mailstore_url.get_secret_value():
            return "no mail store is known: set LONGSTOP_MAILSTORE_URL"
        if event.by == VERDICT and _asked_lately(work) > self._settings.purge_per_hour:
            return f"verdicts have asked for {self._settings.purge_per_hour} purges in an hour"
        force = event.force and event.by != VERDICT
        return why_not(match=event.match, own_domains=self._settings.own_domains, force=force)


def purge_of(purge_id: str, work: Work) -> Purge:
    """The purge of this id.

    Raises:
        Defer: it is not known, perhaps not yet.
    """
    purge = work.session.get(Purge, purge_id)
    if purge is None:
        raise Defer("no purge of this id is known yet")
    return purge


def put_moves(box: Box, moves: Iterable[Wanted], work: Work) -> None:
    """The mails that a purge moves in a mailbox."""
    work.session.execute(delete(Move).where(col(Move.purge_id) == box.purge_id, col(Move.mailbox) == box.mailbox))
    for number, mail in enumerate(moves):
        work.session.add(
            Move(
                purge_id=box.purge_id,
                mailbox=box.mailbox,
                number=number,
                folder=mail.home,
                message_id=mail.key.message_id,
                received_at=mail.key.received_at,
                size_bytes=mail.key.size_bytes,
                flags=" ".join(sorted(mail.flags)),
            )
        )


def _busy(purge: Purge, task: str, work: Work) -> bool:
    query = select(Box.mailbox).where(Box.purge_id == purge.purge_id, Box.task == task).limit(1)
    return work.session.exec(query).first() is not None


def _asked_lately(work: Work) -> int:
    since = datetime.fromtimestamp(work.at.timestamp() - 3600, work.at.tzinfo)
    query = select(func.count()).select_from(Purge).where(Purge.by == VERDICT, Purge.requested_at > since)
    return work.session.exec(query).one()

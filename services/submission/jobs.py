"""The analysis of due items: taken in one transaction, analysed with none open, answered in another."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import cast

from sqlalchemy import update
from sqlmodel import Session, col, select

from services.submission.analysers import Opinion, Specimen
from services.submission.history import History
from services.submission.panel import Panel
from services.submission.rules import combine, retry_delay_s
from services.submission.tables import Item
from services.submission.verdicts import OPINION, OPINIONS, awaited, issue, versions_of
from shared.apart import read_mail_apart
from shared.errors import Defer
from shared.events import MailEnvelope, SubmissionFailed
from shared.events.vocabulary import ReportCategory
from shared.metrics import REPORT_TO_VERDICT_S, observe_since
from shared.run import Room
from shared.tasks import end
from shared.work import Work, now

#: Items in analysis at once: enough to hide a slow analyser, and few enough to be answered in one short transaction.
AT_ONCE = 200

#: Bytes of mails in analysis at once; one larger mail is analysed alone.
AT_ONCE_BYTES = 64 * 1024 * 1024

#: Answers that come within this time of each other leave in one transaction, in seconds.
GATHER_S = 0.02

#: A run that ends neither well nor badly is over after this time beyond the analysers' own, in seconds.
GRACE_S = 30

#: Longest wait before an analyser that failed or is late is asked again; at first it is half of the item's age.
REVISIT_MAX = timedelta(minutes=10)

#: Why an item is given up that was taken oftener than it may fail.
NEVER_ENDED = "its analysis was begun again and again and never ended: it may end the process"


@dataclass(frozen=True, slots=True)
class Result:
    """How one run ended: with opinions, or with the reason why there are none yet; `idle`: nobody was asked."""

    opinions: Sequence[Opinion] = ()
    reason: str = ""
    final: bool = False
    idle: bool = False


class AnalyseDue:
    """The job: pays due items. A slow analysis holds up no other."""

    def __init__(self, room: Room, panel: Panel) -> None:
        self._room = room
        self._settings = room.settings
        self._replica = room.settings.replica
        self._panel = panel
        self._history = History()
        self._wake = room.database.wake_on_commit()
        self._taken: deque[Item] = deque()
        self._running: dict[asyncio.Task[Result], tuple[Item, int]] = {}
        self._begins = True  # this process, or again after a failure: it runs nothing that it has taken

    async def __call__(self) -> bool:
        """Begin what is due, answer what is done; True when there may be more."""
        try:
            self._wake.clear()
            if self._begins:
                await self._room.database.run(self._let_go, quiet=True)
                self._begins = False
            await self._begin()
            if not self._running:
                return bool(self._taken)
            done = await self._some_done()
            if done:
                taken = [self._running.pop(task)[0] for task in done]
                await self._room.database.run(lambda work: self._answer(taken, [task.result() for task in done], work))
                for item in (one for one in taken if not one.said):
                    observe_since(REPORT_TO_VERDICT_S, item.reported_at)
        except BaseException:
            await end(*self._running)
            self._running.clear()
            self._taken.clear()
            self._begins = True
            raise
        return True

    async def _begin(self) -> None:
        free = AT_ONCE - len(self._running) - len(self._taken)
        if free > AT_ONCE // 2 and (due := await self._room.database.look(lambda session: _due(session, free))):
            self._taken += await self._room.database.run(lambda work: self._take(due, work), quiet=True)
        free_bytes = AT_ONCE_BYTES - sum(size for _, size in self._running.values())
        if self._taken and (free_bytes > 0 or not self._running):
            opened = await asyncio.to_thread(self._open, free_bytes)
            items = [item for item, specimen, _ in opened if isinstance(specimen, Specimen)]
            fresh = (
                await self._room.database.look(lambda session: self._history.new_senders(items, session))
                if items
                else frozenset()
            )
            for item, specimen, size in opened:
                if isinstance(specimen, Specimen) and item.submission_id in fresh:
                    specimen = replace(specimen, sender_is_new=True)  # noqa: PLW2901
                self._running[asyncio.create_task(self._analyse(item, specimen))] = item, size

    async def _some_done(self) -> set["asyncio.Task[Result]"]:
        """The analyses that are done, those that come close together at once; none when new work was committed first."""
        done, _ = await asyncio.wait(self._running, timeout=GATHER_S)
        if not done:
            news = asyncio.create_task(self._wake.wait())
            await asyncio.wait({*self._running, news}, return_when=asyncio.FIRST_COMPLETED)
            await end(news)
            done = {task for task in self._running if task.done()}
        return done

    def _let_go(self, work: Work) -> None:
        """What an earlier life of this replica was running is due now; what others run, when their leases are out."""
        mine = update(Item).where(col(Item.open), col(Item.status) == "running", col(Item.taken_by) == self._replica)
        work.session.connection().execute(mine.values(due_at=work.at))

    def _take(self, ids: Sequence[str], work: Work) -> list[Item]:
        """Mark items as running; another replica that saw the same ones finds them not due any more."""
        lease_s = self._settings.analyser_timeout_s + GRACE_S
        items = work.load(Item, col(Item.submission_id).in_(ids), col(Item.open), col(Item.due_at) <= work.at)
        for item in items:
            item.status, item.attempts, item.runs = "running", item.attempts + 1, item.runs + 1
            item.taken_by = self._replica
            item.due_at = work.at + timedelta(seconds=lease_s)
        return items

    def _open(self, free_bytes: int) -> list[tuple[Item, Specimen | Result, int]]:
        """Read the mails of taken items, as many as fit, at least one."""
        opened: list[tuple[Item, Specimen | Result, int]] = []
        while self._taken and (free_bytes > 0 or not opened):
            item = self._taken.popleft()
            if item.attempts > self._settings.submission_attempts:
                opened.append((item, Result(reason=NEVER_ENDED, final=True), 0))
                continue
            if item.decided:
                opened.append((item, Result([OPINION.validate_json(item.decided)]), 0))
                continue
            if (names := awaited(item)) and not self._panel.may_answer(names):
                opened.append((item, Result(idle=True), 0))
                continue
            try:
                raw = self._room.blobs.get(item.message_sha256)
            except Defer as reason:
                opened.append((item, Result(reason=str(reason)), 0))
                continue
            size = len(raw or b"")
            free_bytes -= size
            if raw is None:
                opened.append((item, Result(reason="the mail is not in the blob store", final=True), 0))
            elif sha256(raw).hexdigest() != item.message_sha256:
                opened.append(
                    (item, Result(reason="the mail in the blob store is not the one that was handed in", final=True), 0)
                )
            else:
                opened.append((item, self._specimen(item, raw), size))
        return opened

    async def _analyse(self, item: Item, specimen: Specimen | Result) -> Result:
        if isinstance(specimen, Result):
            return specimen
        known = {one.name: one for one in OPINIONS.validate_json(item.opinions)} if item.opinions else {}
        opinions = await self._panel.ask(specimen, known)
        if all(opinion.evaluation == "error" for opinion in opinions) and not item.said:
            return Result(reason="no analyser could answer")
        return Result(opinions=opinions)

    def _specimen(self, item: Item, raw: bytes) -> Specimen:
        return Specimen(
            mail=read_mail_apart(raw, own_authserv_ids=frozenset(self._settings.authserv_ids)),
            raw_sha256=item.message_sha256,
            category=cast("ReportCategory", item.category),
            report_count=item.report_count,
            own_domains=frozenset(self._settings.own_domains),
            envelope=MailEnvelope.model_validate_json(item.envelope) if item.envelope else None,
            raw=raw,
            submission_id=item.submission_id,
        )

    def _answer(self, items: Sequence[Item], results: Sequence[Result], work: Work) -> None:
        work.foresee(Item, [item.submission_id for item in items])
        versions = versions_of([item.case_id for item in items], work)
        for taken, result in zip(items, results, strict=True):
            item = work.get(Item, taken.submission_id)
            if not item.open or item.runs != taken.runs:
                continue  # another replica took it over when our lease was out, or a person decided
            if result.opinions:
                self._conclude(item, result.opinions, versions, work)
            elif item.said:  # it has a verdict, and could not be looked at again now
                self._revisit(item, OPINIONS.validate_json(item.opinions), work)
            elif result.final or item.attempts >= self._settings.submission_attempts:
                self._give_up(item, result.reason, versions, work)
            else:
                item.status = "not_started"
                item.due_at = work.at + timedelta(seconds=retry_delay_s(attempts=item.attempts))

    def _conclude(self, item: Item, opinions: Sequence[Opinion], versions: Counter[str], work: Work) -> None:
        """Say what they say together, when it is news, and come back for those who have not said it yet."""
        verdict = combine(opinions, self._panel.required)
        if verdict.in_short != item.said:
            issue(item, verdict, versions, work)
        self._revisit(item, opinions, work)

    def _revisit(self, item: Item, opinions: Sequence[Opinion], work: Work) -> None:
        item.status, item.attempts, item.open, item.opinions, item.decided = "succeeded", 0, False, "", ""
        waits = [one.again_s for one in opinions if one.again_s is not None]
        age = work.at - item.asked_at
        if waits and age < timedelta(hours=self._settings.revise_hours):
            item.open, item.opinions = True, OPINIONS.dump_json(list(opinions)).decode()
            wait = max(timedelta(seconds=min(waits)), min(age / 2, REVISIT_MAX))
            item.due_at = work.at + wait

    def _give_up(self, item: Item, reason: str, versions: Counter[str], work: Work) -> None:
        """Say that it failed, and a verdict that claims nothing, so that nobody waits for ever."""
        item.status = "failed"
        failed = SubmissionFailed(
            submission_id=item.submission_id, case_id=item.case_id, reason=reason, attempts=item.attempts
        )
        work.emit(failed, traceparent=item.traceparent)
        item.open = False
        issue(item, combine([Opinion.failed(name, reason[:200]) for name in self._panel.names]), versions, work)


def _due(session: Session, limit: int) -> Sequence[str]:
    query = (
        select(Item.submission_id).where(col(Item.open), Item.due_at <= now()).order_by(col(Item.due_at)).limit(limit)
    )
    return session.exec(query).all()

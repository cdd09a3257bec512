"""The analysis of due items: taken in one transaction, analysed with none open, answered in another."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import structlog
from sqlalchemy import func
from sqlmodel import col, select

from services.submission.analysers import Analyser, Opinion, Specimen
from services.submission.rules import Combined, combine, retry_delay_s
from services.submission.tables import Item, Verdict
from shared.errors import Defer, Reject
from shared.events import MailEnvelope, SubmissionFailed, VerdictIssued
from shared.events.vocabulary import ReportCategory
from shared.mail import read_mail
from shared.run import Room
from shared.work import Work, now

#: Items in analysis at once: enough to hide a slow analyser, few enough that their mails fit into memory.
AT_ONCE = 20

#: A run that ends neither well nor badly is over after this time beyond the analysers' own, in seconds.
GRACE_S = 30


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt ended: with a verdict, or with the reason why there is none yet."""

    verdict: Combined | None = None
    reason: str = ""
    final: bool = False


class AnalyseDue:
    """The job: pays due items."""

    def __init__(self, room: Room, analysers: Sequence[Analyser]) -> None:
        self._room = room
        self._settings = room.settings
        self._analysers = analysers
        self._log = structlog.stdlib.get_logger("analysis")

    async def __call__(self) -> bool:
        """Analyse what is due; True when there may be more."""
        items = await self._room.database.look(
            lambda session: session.exec(
                select(Item.submission_id)
                .where(col(Item.open), Item.due_at <= now())
                .order_by(col(Item.due_at))
                .limit(AT_ONCE)
            ).all()
        )
        if not items:
            return False
        taken = await self._room.database.run(lambda work: self._take(items, work), quiet=True)
        results = await asyncio.gather(*(self._analyse(item) for item in taken))
        await self._room.database.run(lambda work: self._answer(taken, results, work))
        return True

    def _take(self, ids: Sequence[str], work: Work) -> list[Item]:
        """Mark items as running; another replica that saw the same ones finds them not due any more."""
        lease_s = self._settings.analyser_timeout_s + GRACE_S
        due = select(Item).where(col(Item.submission_id).in_(ids), col(Item.open), Item.due_at <= work.at)
        items = list(work.session.exec(due.with_for_update(skip_locked=True)))
        for item in items:
            item.status, item.attempts = "running", item.attempts + 1
            item.due_at = work.at + timedelta(seconds=lease_s)
        return items

    async def _analyse(self, item: Item) -> Result:
        try:
            raw = await asyncio.to_thread(self._room.blobs.get, item.message_sha256)
            if raw is None:
                return Result(reason="the mail is not in the blob store", final=True)
            specimen = await asyncio.to_thread(self._specimen, item, raw)
            opinions = await asyncio.gather(*(self._ask(analyser, specimen) for analyser in self._analysers))
        except Defer as reason:
            return Result(reason=str(reason))
        if all(opinion.evaluation == "error" for opinion in opinions):
            return Result(reason="no analyser could answer")
        return Result(verdict=combine(opinions))

    def _specimen(self, item: Item, raw: bytes) -> Specimen:
        return Specimen(
            mail=read_mail(raw, own_authserv_ids=frozenset(self._settings.authserv_ids)),
            raw_sha256=item.message_sha256,
            category=cast("ReportCategory", item.category),
            report_count=item.report_count,
            own_domains=frozenset(self._settings.own_domains),
            envelope=MailEnvelope.model_validate_json(item.envelope) if item.envelope else None,
        )

    async def _ask(self, analyser: Analyser, specimen: Specimen) -> Opinion:
        """One analyser's opinion; its failure is an opinion too, so that it never fails the others."""
        try:
            return await asyncio.wait_for(analyser.analyse(specimen), self._settings.analyser_timeout_s)
        except (Defer, Reject, TimeoutError) as error:
            self._log.warning("analyser failed", analyser=analyser.name, reason=str(error) or "too slow")
            return Opinion.failed(analyser.name)

    def _answer(self, items: Sequence[Item], results: Sequence[Result], work: Work) -> None:
        for taken, result in zip(items, results, strict=True):
            item = work.session.get_one(Item, taken.submission_id)
            if not item.open or item.attempts != taken.attempts:
                continue  # another replica took it over when our lease was out
            if result.verdict is not None:
                item.status = "succeeded"
                self._issue(item, result.verdict, work)
            elif result.final or item.attempts >= self._settings.submission_attempts:
                self._give_up(item, result.reason, work)
            else:
                item.status = "not_started"
                item.due_at = work.at + timedelta(seconds=retry_delay_s(attempts=item.attempts))

    def _give_up(self, item: Item, reason: str, work: Work) -> None:
        """Say that it failed, and a verdict that claims nothing, so that nobody waits for ever."""
        item.status = "failed"
        failed = SubmissionFailed(
            submission_id=item.submission_id, case_id=item.case_id, reason=reason, attempts=item.attempts
        )
        work.emit(failed, traceparent=item.traceparent)
        self._issue(item, combine([Opinion.failed(analyser.name) for analyser in self._analysers]), work)

    def _issue(self, item: Item, verdict: Combined, work: Work) -> None:
        item.open = False
        last = work.session.exec(select(func.max(Verdict.version)).where(Verdict.case_id == item.case_id)).one()
        event = VerdictIssued(
            submission_id=item.submission_id,
            case_id=item.case_id,
            message_sha256=item.message_sha256,
            version=(last or 0) + 1,
            category=verdict.category,
            confidence=verdict.confidence,
            cause=verdict.cause,
            evidence=verdict.evidence,
            recommendations=verdict.recommendations,
            blocks=verdict.blocks,
            analysers=verdict.analysers,
        )
        work.session.add(
            Verdict(
                issued_at=work.at,
                **event.model_dump(
                    include={"case_id", "version", "submission_id", "message_sha256", "category", "confidence", "cause"}
                ),
            )
        )
        work.emit(event, traceparent=item.traceparent)

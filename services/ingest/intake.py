"""The way of every mail that any door takes: limits, blob, facts, and then rows and events in one transaction."""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import uuid4

from services.ingest.gate import Gate
from shared.apart import mail_of_msg_apart, read_mail_apart
from shared.errors import Defer, Reject
from shared.events import (
    MailEnvelope,
    MessageFacts,
    QuarantineHeld,
    ReportReceived,
    ReportRejected,
    held_id,
)
from shared.events.vocabulary import QuarantineReason, ReportCategory, Source
from shared.health import Health
from shared.mail import facts, is_mail
from shared.mail.outlook import has_its_header, is_outlook
from shared.metrics import REPORTS_REFUSED, REPORTS_TAKEN
from shared.run import Room
from shared.work import now

#: Bytes of mails that may be in memory at once; one more waits outside (451, 503).
IN_FLIGHT_MAX_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Handed:
    """A report as a door took it, not yet durable."""

    raw: bytes
    category: ReportCategory
    source: Source
    composed_from: bytes = b""  # the file out of which we made `raw`
    report_id: str = field(default_factory=lambda: str(uuid4()))
    reporter: str = ""
    reporter_verified: bool = False
    envelope: MailEnvelope | None = None
    folder: str = ""
    comment: str = ""
    defaulted: bool = False
    low_fidelity: bool = False

    def files(self) -> tuple[bytes, ...]:
        """What is kept of it."""
        return (self.raw, self.composed_from) if self.composed_from else (self.raw,)


@dataclass(frozen=True, slots=True)
class HandedHeld:
    """A held mail as a door took it, not yet durable."""

    raw: bytes
    envelope: MailEnvelope
    reason: QuarantineReason
    score: float | None = None
    symbols: tuple[str, ...] = ()
    queue_id: str = ""

    def held_id(self) -> str:
        """Which held mail this is."""
        return held_id(queue_id=self.queue_id, sha256=hashlib.sha256(self.raw).hexdigest(), envelope=self.envelope)


class Budget:
    """How much of the memory the mails in flight may take, while mails may be taken at all."""

    def __init__(self, health: Health, max_bytes: int = IN_FLIGHT_MAX_BYTES) -> None:
        self._health = health
        self._free_bytes = max_bytes

    @contextlib.contextmanager
    def hold(self, size_bytes: int) -> Iterator[None]:
        """Hold a share while a mail is worked on.

        Raises:
            Defer: there is not enough left now, or the doors are closed.
        """
        self._health.may_take()
        if size_bytes > self._free_bytes:
            raise Defer("too many mails at once: try again in a moment")
        self._free_bytes -= size_bytes
        try:
            yield
        finally:
            self._free_bytes += size_bytes


class Intake:
    """Makes mails durable and extracts their facts. Nothing here needs a transaction."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._settings = room.settings
        self.budget = Budget(room.health)
        self.gate = Gate(room.settings)

    def check(self, handed: Handed) -> Handed:
        """Refuse what is no mail or too large; Outlook's `.msg` becomes the mail in it. Blocks on large ones.

        Raises:
            Reject: with one sentence that says what is wrong.
            Defer: it cannot be read now.
        """
        raw = handed.raw
        if len(raw) > self._settings.mail_max_bytes:
            raise Reject(f"the mail has {len(raw)} bytes, {self._settings.mail_max_bytes} are allowed")
        if is_outlook(raw) and (composed := mail_of_msg_apart(raw)):
            return replace(handed, raw=composed, composed_from=raw, low_fidelity=not has_its_header(composed))
        if why_not := is_mail(raw):
            raise Reject(why_not)
        return handed

    async def receive(self, handed: Sequence[Handed]) -> list[ReportReceived | ReportRejected]:
        """Make reports durable; for each what is now true, in order. What is no mail becomes a rejection.

        Raises:
            Defer: the blob store cannot take them now, or the doors are closed; nothing is promised.
        """
        self._room.health.may_take()
        return await asyncio.to_thread(self._receive, handed, now())

    async def hold(self, handed: Sequence[HandedHeld]) -> list[QuarantineHeld]:
        """Make held mails durable. The gateway held them, so nothing is refused here for its form.

        Raises:
            Defer: the blob store cannot take them now, or the doors are closed; nothing is promised.
        """
        self._room.health.may_take()
        return await asyncio.to_thread(self._hold, handed, now())

    def _receive(self, handed: Sequence[Handed], at: datetime) -> list[ReportReceived | ReportRejected]:
        checked = [self._checked(one) for one in handed]
        self._room.blobs.put(raw for one, _ in checked for raw in one.files())
        return [self._report(one, why_not, at) for one, why_not in checked]

    def _checked(self, handed: Handed) -> tuple[Handed, str]:
        """A report as it is taken, and why it is not."""
        try:
            return self.check(handed), ""
        except Reject as reason:
            return handed, str(reason)

    def _report(self, handed: Handed, why_not: str, at: datetime) -> ReportReceived | ReportRejected:
        message = self._facts(handed.raw)
        if why_not:
            return refusal(handed, why_not, message.sha256)
        return ReportReceived(
            report_id=handed.report_id,
            category=handed.category,
            reporter=handed.reporter,
            reporter_verified=handed.reporter_verified,
            source=handed.source,
            message=message,
            envelope=handed.envelope,
            folder=handed.folder,
            comment=handed.comment,
            received_at=at,
            defaulted=handed.defaulted,
            low_fidelity=handed.low_fidelity,
        )

    def _hold(self, handed: Sequence[HandedHeld], at: datetime) -> list[QuarantineHeld]:
        self._room.blobs.put(one.raw for one in handed)
        expires_at = at + timedelta(days=self._settings.retention_days)
        return [
            QuarantineHeld(
                held_id=one.held_id(),
                message=self._facts(one.raw),
                envelope=one.envelope,
                reason=one.reason,
                score=one.score,
                symbols=one.symbols,
                queue_id=one.queue_id,
                held_at=at,
                expires_at=expires_at,
            )
            for one in handed
        ]

    def _facts(self, raw: bytes) -> MessageFacts:
        mail = read_mail_apart(raw, own_authserv_ids=frozenset(self._settings.authserv_ids))
        return facts(mail, simulation_headers=self._settings.simulation_headers)


def refusal(handed: Handed, reason: str, sha256: str | None = None) -> ReportRejected:
    """The event for a report that could not be taken; its raw bytes stay in the blob store."""
    return ReportRejected(
        report_id=handed.report_id, source=handed.source, reason=reason, reporter=handed.reporter, sha256=sha256
    )


def count(events: Sequence[object], door: str) -> None:
    """Count what a door took and refused."""
    refused = sum(isinstance(event, ReportRejected) for event in events)
    REPORTS_TAKEN.labels(door).inc(len(events) - refused)
    REPORTS_REFUSED.labels(door).inc(refused)

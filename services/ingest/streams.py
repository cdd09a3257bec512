"""The two streams that anyone may publish to: entries in, durable mails out, before any transaction is open."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from services.ingest.intake import Handed, HandedHeld, Intake
from services.ingest.rules import reason_of, worse_of
from shared.blobs import Blobs
from shared.bus import Delivery, Unreadable
from shared.errors import Reject
from shared.events import MailHeld, MessageByValue, ReportSubmitted, fact_id

T = TypeVar("T")


class StreamDoor:
    """Prepares batches of `report.submitted` and `mail.held` for the bus."""

    def __init__(self, intake: Intake, blobs: Blobs) -> None:
        self._intake = intake
        self._blobs = blobs

    async def receive(self, deliveries: Sequence[Delivery]) -> list[Delivery | Unreadable]:
        """Make submitted mails durable; what carries no mail at all cannot be read.

        Raises:
            Defer: the blob store cannot take them now; the batch stays pending.
        """
        handed, answer = await asyncio.to_thread(self._unpack, deliveries, self._report)
        events = await self._intake.receive([report for _, report in handed])
        answer += [replace(one, event=event) for (one, _), event in zip(handed, events, strict=True)]
        return answer

    async def hold(self, deliveries: Sequence[Delivery]) -> list[Delivery | Unreadable]:
        """The same for held mails."""
        handed, answer = await asyncio.to_thread(self._unpack, deliveries, self._held)
        events = await self._intake.hold([held for _, held in handed])
        answer += [replace(one, event=event) for (one, _), event in zip(handed, events, strict=True)]
        return answer

    def _unpack(
        self, deliveries: Sequence[Delivery], unpack: Callable[[Delivery], T]
    ) -> tuple[list[tuple[Delivery, T]], list[Delivery | Unreadable]]:
        handed: list[tuple[Delivery, T]] = []
        refused: list[Delivery | Unreadable] = []
        for delivery in deliveries:
            try:
                handed.append((delivery, unpack(delivery)))
            except Reject as reason:
                refused.append(Unreadable(delivery.envelope.entry_id, delivery.fields, str(reason)))
        return handed, refused

    def _report(self, delivery: Delivery) -> Handed:
        submitted = cast("ReportSubmitted", delivery.event)
        identity = ("key", submitted.idempotency_key) if submitted.idempotency_key else delivery.receipt
        return Handed(
            raw=self._raw(submitted.message),
            category=submitted.category,
            source="stream",
            report_id=fact_id("report", *identity),
            reporter=submitted.reporter,
            envelope=submitted.envelope,
            folder=submitted.folder,
            comment=submitted.comment,
        )

    def _held(self, delivery: Delivery) -> HandedHeld:
        held = cast("MailHeld", delivery.event)
        if not held.envelope.rcpt_to:
            raise Reject("envelope.rcpt_to is empty: nobody could ever be shown this mail")
        action = "" if "reason" in held.model_fields_set else "held"  # who gives a reason knows it
        return HandedHeld(
            raw=self._raw(held.message),
            envelope=held.envelope,
            reason=worse_of(held.reason, reason_of(given="", symbols=held.symbols, action=action)),
            score=held.score,
            symbols=held.symbols,
            queue_id=held.queue_id,
        )

    def _raw(self, message: MessageByValue) -> bytes:
        if message.sha256 is not None:
            raw = self._blobs.get(message.sha256)
            if raw is None:
                raise Reject("message.sha256 names no stored mail: hand it in by value, as message.rfc822_base64")
            return raw
        try:
            return base64.b64decode("".join((message.rfc822_base64 or "").split()), validate=True)
        except (binascii.Error, ValueError):
            raise Reject("message.rfc822_base64 is no base64 (RFC 4648, section 4)") from None

"""One batch in one transaction: receipts, handlers, dead letters; every event ends in exactly one of four ways."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.bus.entries import DEAD_STREAM, Delivery, Unreadable, dead_letter
from shared.bus.fuse import Fuse
from shared.errors import Defer, Reject
from shared.stores import is_trouble
from shared.work import Work

#: An entry that was delivered this much oftener than allowed was never finished: it ends the process that handles it.
UNFINISHED_AFTER = 5


@dataclass(slots=True)
class Outcome:
    """Entry ids by how they ended. All but `retry` are settled and may be acknowledged after the commit."""

    handled: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    retry: list[str] = field(default_factory=list)

    def size(self) -> int:
        """How many entries there were."""
        return len(self.handled) + len(self.repeated) + len(self.dead) + len(self.retry)


@dataclass(frozen=True, slots=True)
class Batch:
    """How the entries of one stream are settled for one group."""

    stream: str
    group: str
    handle: Callable[[Any, Work], None]
    foresee: Callable[[Sequence[Any], Work], None] | None
    attempts_max: int
    fuse: Fuse

    def settle(self, items: Sequence[Delivery | Unreadable], work: Work) -> Outcome:
        """Handle all of them in `work`'s transaction.

        First all in one savepoint, which is fast; when any of them fails, again one by one, which is fair.

        Raises:
            DBAPIError: the database itself failed; nothing of the batch may stay.
        """
        outcome = Outcome()
        deliveries: list[Delivery] = []
        for item in items:
            if isinstance(item, Unreadable):
                self._bury(item, work, outcome)
            elif item.envelope.attempts > self.attempts_max + UNFINISHED_AFTER:
                reason = "handling it was begun again and again and never finished: it may end the process"
                self._bury(
                    Unreadable(item.envelope.entry_id, item.fields, reason, item.envelope.attempts), work, outcome
                )
            else:
                deliveries.append(item)
        work.flush()
        if not self._all_at_once(deliveries, work, outcome):
            for delivery in deliveries:
                self._alone(delivery, work, outcome)
        return outcome

    def _all_at_once(self, deliveries: Sequence[Delivery], work: Work, outcome: Outcome) -> bool:
        savepoint = work.session.begin_nested()
        try:
            fresh = work.take_in({delivery.receipt: None for delivery in deliveries})
            handled, repeated = [], []
            if self.foresee and fresh:
                self.foresee([delivery.event for delivery in deliveries if delivery.receipt in fresh], work)
            for delivery in deliveries:
                if delivery.receipt in fresh:
                    fresh.discard(delivery.receipt)
                    work.take(delivery.envelope)
                    self.handle(delivery.event, work)
                    handled.append(delivery.envelope.entry_id)
                else:
                    repeated.append(delivery.envelope.entry_id)
            work.flush()
        except Exception as error:  # the edge: what failed is found one by one
            if is_trouble(error):
                raise
            savepoint.rollback()
            work.forget()
            return False
        savepoint.commit()
        work.forget()  # everything is written; the next flush has nothing to compare
        if handled:
            self.fuse.succeeded()
        outcome.handled += handled
        outcome.repeated += repeated
        return True

    def _alone(self, delivery: Delivery, work: Work, outcome: Outcome) -> None:
        entry_id = delivery.envelope.entry_id
        savepoint = work.session.begin_nested()
        try:
            fresh = work.take_in([delivery.receipt])
            if fresh:
                work.take(delivery.envelope)
                self.handle(delivery.event, work)
            work.flush()
        except Exception as error:  # the edge: deferred, rejected, or a bug
            if is_trouble(error):
                raise
            savepoint.rollback()
            work.forget()
            self._failed(delivery, error, work, outcome)
        else:
            savepoint.commit()
            work.forget()
            if fresh:
                self.fuse.succeeded()
            (outcome.handled if fresh else outcome.repeated).append(entry_id)

    def _failed(self, delivery: Delivery, error: Exception, work: Work, outcome: Outcome) -> None:
        envelope = delivery.envelope
        log = structlog.stdlib.get_logger("bus").bind(
            service=self.group, stream=self.stream, event=envelope.event_id, attempts=envelope.attempts
        )
        worn_out = envelope.attempts >= self.attempts_max
        if not isinstance(error, Reject) and not (worn_out and self.fuse.may_die()):
            log.warning("event waits", reason=_reason(error), exc_info=None if isinstance(error, Defer) else error)
            outcome.retry.append(envelope.entry_id)
            return
        letter = Unreadable(envelope.entry_id, delivery.fields, _reason(error), envelope.attempts)
        self._bury(letter, work, outcome, envelope.stream)
        work.flush()

    def _bury(self, letter: Unreadable, work: Work, outcome: Outcome, stream: str = "") -> None:
        """Make a dead letter through the outbox: it leaves when the batch has committed, like every other event."""
        work.post(DEAD_STREAM, dead_letter(letter, stream=stream or self.stream, group=self.group, at=work.at))
        outcome.dead.append(letter.entry_id)
        structlog.stdlib.get_logger("bus").warning(
            "dead letter", service=self.group, stream=self.stream, entry=letter.entry_id, reason=letter.reason
        )


def _reason(error: Exception) -> str:
    """Our own words for our own errors; for a bug only its class, for its text may quote a mail."""
    return str(error) if isinstance(error, Defer | Reject) else f"a fault in the handler: {type(error).__name__}"

"""What ingest writes down: one row and one event for each mail, once, however often it is handed in."""

from collections.abc import Sequence

from services.ingest.rules import people
from services.ingest.tables import Held, Refused, Report
from shared.events import MailEnvelope, QuarantineHeld, ReportReceived, ReportRejected
from shared.work import Work

Durable = ReportReceived | ReportRejected | QuarantineHeld


def foresee(events: Sequence[Durable], work: Work) -> None:
    """Which of these are there already."""
    work.foresee(Report, [event.report_id for event in events if isinstance(event, ReportReceived)])
    work.foresee(Refused, [event.report_id for event in events if isinstance(event, ReportRejected)])
    work.foresee(Held, [event.held_id for event in events if isinstance(event, QuarantineHeld)])


def write_down(event: Durable, work: Work) -> None:
    """Write the row and say the event; a second time with the same id changes nothing.

    The bus calls it for the two streams, after `services.ingest.streams` made their mails durable.
    """
    if isinstance(event, ReportReceived):
        if work.find(Report, event.report_id):
            return
        work.new(
            Report,
            report_id=event.report_id,
            category=event.category,
            reporter=event.reporter,
            source=event.source,
            sha256=event.message.sha256,
            received_at=event.received_at,
            people=people((event.message.from_address, *_envelope(event.envelope))),
        )
    elif isinstance(event, QuarantineHeld):
        if work.find(Held, event.held_id):
            return
        work.new(
            Held,
            held_id=event.held_id,
            reason=event.reason,
            sha256=event.message.sha256,
            held_at=event.held_at,
            people=people((event.message.from_address, *_envelope(event.envelope))),
        )
    elif event.sha256 and not work.find(Refused, event.report_id):
        work.new(
            Refused,
            report_id=event.report_id,
            reporter=event.reporter,
            sha256=event.sha256,
            refused_at=work.at,
            people="",
        )
    work.emit(event)


def _envelope(envelope: MailEnvelope | None) -> tuple[str, ...]:
    return (envelope.mail_from, *envelope.rcpt_to) if envelope else ()


def write_all(events: Sequence[Durable], work: Work) -> None:
    """Write down what one conversation handed in, together or not at all."""
    foresee(events, work)
    for event in events:
        write_down(event, work)

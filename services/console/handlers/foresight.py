"""What a batch of events will look up, in a few statements instead of a few for each event."""

from collections.abc import Iterator, Sequence
from datetime import date

from services.console.handlers.note import NAMES, names_of
from services.console.handlers.tallies import month_of, targets_of
from services.console.tables import Count, Report, Reporter, Verdict, count_key
from shared.events import Event, ReportReceived, ReportResolved, VerdictIssued
from shared.work import Work


def foresee(events: Sequence[Event], work: Work) -> None:
    """Look up the rows that the events name, and the counters of whom they are about."""
    for name, kind in NAMES.items():
        naming = [event for event in events if name in names_of(type(event))]
        work.foresee(kind, [key for event in naming if (key := getattr(event, name))])
    work.foresee(Verdict, [f"{event.case_id}/{event.version}" for event in events if isinstance(event, VerdictIssued)])
    told = list(_told(events, work))
    people = [reporter for reporter, _, _ in told]
    people += [event.reporter for event in events if isinstance(event, ReportReceived)]
    work.foresee(Reporter, [person.lower() for person in people if person])
    work.foresee(Count, [count_key("target", one, month) for _, targets, month in told for one in targets])


def _told(events: Sequence[Event], work: Work) -> Iterator[tuple[str, list[str], date]]:
    """Reporter, targets and month of the reports that were told a verdict: from their rows, or an event of the same batch."""
    coming = {event.report_id: event for event in events if isinstance(event, ReportReceived)}
    for event in events:
        if isinstance(event, ReportResolved):
            row, said = work.known(Report, event.report_id), coming.get(event.report_id)
            if row is not None:
                yield row.reporter, targets_of(row.envelope, row.reporter), month_of(row.at)
            elif said is not None:
                envelope = {"rcpt_to": said.envelope.rcpt_to} if said.envelope else None
                yield said.reporter, targets_of(envelope, said.reporter), month_of(said.received_at)

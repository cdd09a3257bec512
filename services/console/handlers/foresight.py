"""What a batch of events will look up, in a few statements instead of a few for each event."""

from collections.abc import Sequence

from services.console.handlers.note import NAMES, names_of
from services.console.handlers.tallies import month_of, targets_of
from services.console.tables import Count, Report, Reporter, Verdict, count_key
from shared.events import Event, ReportReceived, ReportResolved, VerdictIssued
from shared.work import Work


def foresee(events: Sequence[Event], work: Work) -> None:
    """Look up the rows that the events name, and the counters of whom they are about."""
    for name in names_of(type(events[0])):
        work.foresee(NAMES[name], [key for event in events if (key := getattr(event, name))])
    if verdicts := [f"{event.case_id}/{event.version}" for event in events if isinstance(event, VerdictIssued)]:
        work.foresee(Verdict, verdicts)
    told = [event for event in events if isinstance(event, ReportResolved)]
    reports = [row for event in told if (row := work.known(Report, event.report_id))]
    people = [row.reporter for row in reports]
    people += [event.reporter for event in events if isinstance(event, ReportReceived)]
    if people:
        work.foresee(Reporter, [person.lower() for person in people if person])
    if reports:
        work.foresee(Count, [count_key("target", one, month_of(row)) for row in reports for one in targets_of(row)])

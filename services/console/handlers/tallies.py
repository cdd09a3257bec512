"""What is counted while events come, so that pages read a few counters instead of all rows."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.console.rules.mail import recipients_of
from services.console.rules.standing import case_state, proof, stage_of
from services.console.tables import Case, Report, Reporter, count, move, row_of
from shared.events.vocabulary import BAD_CATEGORIES
from shared.work import Work

#: Upper bounds of the classes of time from a report to its verdict, in seconds.
WAITS_S = (1, 10, 60, 300, 3_600, 86_400)

#: Recipients of one mail who are counted as its targets.
TARGETS_MAX = 20


def stand(case: Case, work: Work) -> None:
    """Say anew where a case stands and when it is its turn."""
    moments = {name: getattr(case, name) for name in ("requested_at", "verdict_at", "closed_at", "decided_at")}
    state = case_state(decision=case.decision, **moments)
    after = stage_of(state=state, merged=bool(case.merged_into))
    move(work, "case", case.stage if case.tallied else "", after)
    case.turn_at, case.tallied = case.due_at or case.at, True
    case.stage = after


def reported(row: Report, work: Work) -> None:
    """A report has come."""
    count(work, "report", row.category, day=row.at.date())
    if row.reporter:
        reporter = row_of(work, Reporter, row.reporter.lower())
        reporter.report_count += 1
        reporter.last_at = max(reporter.last_at or row.at, row.at)
    if row.verdict_category:
        proved(row, "", work)
        targeted(row, "", work)
    timed(row, work)


def proved(row: Report, before: str, work: Work) -> None:
    """A report has a verdict, or another one than `before`."""
    old, new = (proof(reported=row.category, verdict=one) for one in (before, row.verdict_category))
    if row.reporter and old != new:
        reporter = row_of(work, Reporter, row.reporter.lower())
        reporter.right += (new == "right") - (old == "right")
        reporter.wrong += (new == "wrong") - (old == "wrong")


def targeted(row: Report, before: str, work: Work) -> None:
    """Count who got a mail that proved bad, in its month."""
    by = (row.verdict_category in BAD_CATEGORIES) - (before in BAD_CATEGORIES)
    if by:
        for person in targets_of(row.envelope, row.reporter):
            count(work, "target", person, day=month_of(row.at), by=by)


def targets_of(envelope: Mapping[str, Any] | None, reporter: str) -> list[str]:
    """Who got the mail of a report: its recipients, or else who reported it."""
    people = recipients_of(envelope) or [reporter]
    return [person.lower() for person in people[:TARGETS_MAX] if person]


def month_of(at: datetime) -> date:
    """The first day of a report's month, in UTC."""
    return at.date().replace(day=1)


def timed(row: Report, work: Work) -> None:
    """Count how long it took until the first verdict, once both moments are known."""
    if row.resolved_at and row.state:
        seconds = (row.resolved_at - row.at).total_seconds()
        word = next((str(limit) for limit in WAITS_S if seconds <= limit), "more")
        count(work, "wait", word, day=row.at.date())

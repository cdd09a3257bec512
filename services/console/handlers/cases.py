"""What operators did with cases."""

from sqlalchemy import update
from sqlmodel import col, select

from services.console.handlers.note import note
from services.console.handlers.tallies import stand
from services.console.tables import Case, Report, Verdict, row_of
from services.console.words import CATEGORIES, sentence
from shared.events import CaseDecided, CaseEdited, Split
from shared.events.base import rfc3339
from shared.work import Work

#: Notes and tags of a case that are kept.
NOTES_MAX, TAGS_MAX = 200, 50


def on_case_decided(event: CaseDecided, work: Work) -> None:
    """An operator decided; the verdict follows."""
    case = row_of(work, Case, event.case_id)
    if event.comment:
        _noted(case, event.by, event.comment, work)
    if case.decided_at is None or case.decided_at <= work.said_at:
        case.decided_at, case.decided_by, case.decided_as = work.said_at, event.by, event.category
    stand(case, work)
    note(event, f"An operator decided: {sentence(CATEGORIES, event.category).lower()}", work, word=event.category)


def on_case_edited(event: CaseEdited, work: Work) -> None:
    """Owner, notes, tags, or another case that it belongs to."""
    case = row_of(work, Case, event.case_id)
    done = []
    if event.owner is not None:
        case.owner = event.owner
        done.append("was assigned" if event.owner else "was given back")
    if event.note:
        _noted(case, event.by, event.note, work)
        done.append("has a note")
    if event.add_tags or event.remove_tags:
        case.tags = [tag for tag in dict.fromkeys((*case.tags, *event.add_tags)) if tag not in event.remove_tags][
            :TAGS_MAX
        ]
        done.append("was tagged")
    if event.merged_into and event.merged_into != event.case_id:
        _merge(case, event.merged_into, work)
        done.append("was merged into another")
    if event.split:
        _split(event, event.split, work)
        done.append("was split")
    note(event, f"A case {', '.join(done) or 'was looked at'}", work)


def _noted(case: Case, by: str, text: str, work: Work) -> None:
    case.notes = [*case.notes, {"at": rfc3339(work.said_at), "by": by, "text": text}][-NOTES_MAX:]


def _split(event: CaseEdited, split: Split, work: Work) -> None:
    """Show the reports that leave at their new case, with the copies of the same mails."""
    made = row_of(work, Case, event.split_into)
    made.category, made.subject, made.from_address = split.category, split.subject, split.from_address
    made.split_from = event.case_id
    work.flush()
    theirs = col(Report.case_id) == event.case_id
    mails = work.session.exec(select(Report.sha256).where(theirs, col(Report.id).in_(split.reports))).all()
    moved = update(Report).where(theirs, col(Report.sha256).in_(mails)).values(case_id=made.id)
    count = work.session.connection().execute(moved).rowcount
    for row in work.seen(Report):
        if row.case_id == event.case_id and row.sha256 in mails:
            row.case_id = made.id
    work.flush()
    made.report_count += count
    row_of(work, Case, event.case_id).report_count -= count
    stand(made, work)


def _merge(case: Case, into: str, work: Work) -> None:
    target = row_of(work, Case, into)
    target.report_count += case.report_count
    case.merged_into, case.report_count = into, 0
    stand(case, work)
    work.flush()
    moved: list[Report | Verdict] = []
    moved += work.seen(Report)
    moved += work.seen(Verdict)
    for kind in (Report, Verdict):
        work.session.execute(update(kind).where(col(kind.case_id) == case.id).values(case_id=into))
    for row in moved:
        if row.case_id == case.id:
            row.case_id = into
    work.flush()

"""What operators do with cases."""

from sqlalchemy import update
from sqlmodel import col

from services.triage.tables import Answer, Case, Report, Sample
from shared.events import CaseDecided, CaseEdited
from shared.work import Work


def on_case_decided(event: CaseDecided, work: Work) -> None:
    """Have the reporters told the verdict that follows, when the operator wants that, whatever they were told before."""
    if event.notify:
        work.flush()
        mine = update(Answer).where(col(Answer.case_id) == event.case_id)
        work.session.connection().execute(mine.values(category="", told="", wanted=True, due_at=None, attempts=0))
        work.forget()


def on_case_edited(event: CaseEdited, work: Work) -> None:
    """Give one case's mails and reports to another. People who are in both are counted twice from then on."""
    source, target = work.find(Case, event.case_id), work.find(Case, event.merged_into) if event.merged_into else None
    if source is None or target is None or source is target:
        return
    for count in ("report_count", "reporter_count", "recipient_count", "sample_count"):
        setattr(target, count, getattr(target, count) + getattr(source, count))
        setattr(source, count, 0)
    work.flush()
    for kind in (Sample, Report):
        mine = update(kind).where(col(kind.case_id) == source.case_id)
        work.session.connection().execute(mine.values(case_id=target.case_id))
    work.forget()

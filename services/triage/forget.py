"""What triage forgets: whom it answers, and who was spared a mail. The rest of its rows are ids and hashes."""

from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import col, select

from services.triage.tables import Answer, Case, Person, Reporter, Spared, person_id_of, reporter_id_of
from shared.events import ErasureRequested
from shared.rows import IN_MAX
from shared.work import Work, chunks


def on_erasure_requested(event: ErasureRequested, work: Work) -> None:
    """Forget a person: they get no answer any more, and no case knows that they are among its people."""
    work.session.execute(delete(Answer).where(func.lower(Answer.reporter) == event.address))
    work.session.execute(delete(Spared).where(col(Spared.address) == event.address))
    work.session.execute(delete(Reporter).where(col(Reporter.reporter_id) == reporter_id_of(event.address)))
    cases = work.session.exec(select(Case.case_id)).all()
    for some in chunks(cases, IN_MAX):
        theirs = [person_id_of(case_id, event.address) for case_id in some]
        work.session.execute(delete(Person).where(col(Person.person_id).in_(theirs)))


def forget(before: datetime, work: Work) -> None:
    """Forget old answers, and who was spared mails that nobody has reported since."""
    work.session.execute(delete(Spared).where(col(Spared.at) < before))
    work.session.execute(delete(Answer).where(col(Answer.reported_at) < before))

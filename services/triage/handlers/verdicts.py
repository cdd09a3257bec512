"""A verdict finds its mail, the mail's case and the reports of both."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import col

from services.triage.handlers.closing import close_if_done
from services.triage.handlers.telling import STEP, tell_step
from services.triage.rules.verdicts import Standing, is_worse, said
from services.triage.tables import Case, Kin, Report, Sample
from shared.events import VerdictIssued
from shared.events.vocabulary import BAD_CATEGORIES
from shared.work import Work


def foresee_verdicts(events: Sequence[VerdictIssued], work: Work) -> None:
    """The samples of these verdicts with their cases, and the reports that wait for them, when a step can tell them all."""
    samples = [event.message_sha256 for event in events]
    found = work.foresee(Sample, samples)
    work.foresee(Case, [sample.case_id for sample in found])
    work.foresee(Kin, [sample.kin_id for sample in found])
    newest = max(event.version for event in events)
    work.foresee_by(Report, Report.sample, samples, col(Report.told_version) < newest, limit=STEP)


def on_verdict_issued(event: VerdictIssued, work: Work) -> None:
    """Remember the newest verdict of a mail, let the like ones inherit what they cannot tell themselves, and tell.

    It may come before the first report: streams that are read again after a restore keep no order between them.
    """
    sample = work.find(Sample, event.message_sha256)
    if sample is None:
        sample = work.new(Sample, sha256=event.message_sha256, case_id=event.case_id, asked_as=event.case_id)
    if sample.asked_as != event.case_id or sample.own_version >= event.version:
        return
    is_first = sample.own_version == 0
    sample.own_version, sample.own_category, sample.own_confidence = event.version, event.category, event.confidence
    case = work.find(Case, sample.case_id)
    if case:
        lead_case(case, sample, work)
        case.waiting_count = max(case.waiting_count - is_first, 0)
        close_if_done(case, work)
    kin = work.find(Kin, sample.kin_id)
    changed = kin is not None and _lead(kin, col(Sample.kin_id) == kin.kin_id, sample, work)
    settle(sample, Standing.of(kin) if kin else Standing(), work)
    if kin and changed and kin.sample_count > 1:
        spread(kin, work)


def lead_case(case: Case, sample: Sample, work: Work) -> None:
    """Let a case stand by the verdict of this mail when that is its worst."""
    _lead(case, col(Sample.case_id) == case.case_id, sample, work)


def settle(sample: Sample, kin: Standing, work: Work) -> None:
    """What is said of a mail: its own verdict, or that of its kin when it has none that says anything."""
    now = said(own=_own(sample), kin=kin)
    sample.category, sample.confidence, sample.inherited = now.category, now.confidence, now.inherited
    sample.version = max(sample.version, now.version)
    sample.untold = tell_step(sample, work)


def _lead(group: Case | Kin, members: ColumnElement[bool], sample: Sample, work: Work) -> bool:
    """Let a case or kin stand by its worst verdict; whether it stands otherwise now."""
    own, before = _own(sample), Standing.of(group)
    if group.leader == sample.sha256 or is_worse(own, before):
        group.category, group.confidence, group.version = own.category, own.confidence, own.version
        group.leader = sample.sha256
        if is_worse(before, own) and group.sample_count > 1:
            _choose_again(group, members, work)  # the mail that it stood by is not so bad after all
    return (before.category, before.confidence) != (group.category, group.confidence)


def lead_again(case: Case, work: Work) -> None:
    """Let a case stand by the worst of the mails that it still has."""
    case.category, case.confidence, case.leader = "", 0.0, ""
    members = col(Sample.case_id) == case.case_id
    _choose_again(case, members, work)
    if not case.leader:
        for found in work.load(Sample, members, col(Sample.own_version) > 0, limit=1):
            case.category, case.confidence, case.leader = found.own_category, found.own_confidence, found.sha256


def _choose_again(group: Case | Kin, members: ColumnElement[bool], work: Work) -> None:
    work.flush()
    for category in BAD_CATEGORIES:
        for found in work.load(Sample, members, col(Sample.own_category) == category, limit=1):
            if is_worse(_own(found), Standing.of(group)):
                group.category, group.confidence, group.leader = found.own_category, found.own_confidence, found.sha256
            return


def spread(kin: Kin, work: Work) -> None:
    """Let the mails that say nothing by themselves say what their kin does now; a job tells their reports."""
    work.flush()
    inherits = kin.category in BAD_CATEGORIES
    mine = (col(Sample.kin_id) == kin.kin_id, col(Sample.own_category) == "unknown")
    differs = or_(col(Sample.inherited) != inherits, col(Sample.category) != kin.category)
    work.session.connection().execute(
        update(Sample)
        .where(*mine, differs, col(Sample.version) < kin.version)
        .values(
            category=kin.category if inherits else Sample.own_category,
            confidence=kin.confidence if inherits else Sample.own_confidence,
            version=kin.version,
            inherited=inherits,
            untold=True,
        )
    )
    work.forget()


def _own(sample: Sample) -> Standing:
    return Standing(sample.own_category, sample.own_confidence, sample.own_version)

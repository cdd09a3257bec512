"""A report finds the case of its mail, or opens one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from services.triage.handlers import spread
from services.triage.handlers.closing import close_if_done
from services.triage.handlers.deciding import facts_of, say
from services.triage.handlers.telling import reputation_of, tell
from services.triage.handlers.verdicts import lead_case
from services.triage.rulebook import Rulebook
from services.triage.rules.likeness import CONTENT, MATCHED, Likeness, Look, holds, kind_of, likeness
from services.triage.rules.policy import Decision
from services.triage.tables import (
    Answer,
    Case,
    Kin,
    Report,
    Reporter,
    Sample,
    Trait,
    reporter_id_of,
)
from shared.events import (
    CaseJoined,
    CaseOpened,
    QuarantineHeld,
    ReportReceived,
    SubmissionRequested,
    fact_id,
)
from shared.events.vocabulary import Priority
from shared.work import Work

#: Answers that are looked up together; more of them one by one.
FORESEEN_ANSWERS_MAX = 2_000

#: A receipt leaves when there is no result after this time: two mails at once say no more than one.
RECEIPT_AFTER = timedelta(seconds=5)


class Reports:
    """The reactions; what is decided stands in the rules, which may change while we run."""

    def __init__(
        self,
        rulebook: Rulebook,
        own_domains: Iterable[str] = (),
        due_hours: Mapping[Priority, float] = MappingProxyType({}),
    ) -> None:
        self._rulebook = rulebook
        self._own_domains = frozenset(own_domains)
        self._due_hours = due_hours

    def foresee(self, events: Sequence[ReportReceived], work: Work) -> None:
        """The traits of these mails that are known, with their cases and samples."""
        alike = [self._likeness(event) for event in events]
        traits = spread.traits_of(alike, work)
        spread.foresee_spared(
            [key for one, event in zip(alike, events, strict=True) for key in _keys(one, event)], work
        )
        mails = [event.message.sha256 for event in events]
        samples = work.foresee(Sample, [*(trait.sample for trait in traits), *mails])
        cases = {sample.case_id for sample in samples}
        work.foresee(Case, cases)
        work.foresee(Kin, {*(sample.kin_id for sample in samples), *mails})
        reporters = {event.reporter for event in events if _is_known(event)}
        work.foresee(Reporter, map(reporter_id_of, reporters))
        if cases and reporters and len(cases) * len(reporters) <= FORESEEN_ANSWERS_MAX:
            work.foresee(Answer, [answer_id_of(case_id, reporter) for case_id in cases for reporter in reporters])

    def on_report_received(self, event: ReportReceived, work: Work) -> None:
        """Open or join a case, decide about it, ask for analysis, or hand on the verdict that is there."""
        alike = self._likeness(event)
        match = _match(alike, event, work)
        inherited = match is not None and match.trait in alike.same_mail
        case = _open(event, work) if match is None else _join(match, event, work)
        spread.count_people(case, event, work)
        if not inherited:
            spread.count_spared(case, _keys(alike, event), work)
        spread.tell_spread(case, work)
        reporter_id = reporter_id_of(event.reporter) if _is_known(event) else ""
        decision = self._rulebook.policy.decide(facts_of(event, case, reputation_of(reporter_id, work)))
        say(decision, case, event, timedelta(hours=self._due_hours.get(decision.priority, 24)), work)
        if match and inherited:
            sample = work.get(Sample, match.sample)
        else:
            sample = _take_sample(case, _kin(match, event, work), event, decision, work)
            for trait in alike.all:
                if not work.find(Trait, trait):
                    work.new(Trait, trait=trait, sample=sample.sha256)
        report = work.new(
            Report,
            report_id=event.report_id,
            case_id=case.case_id,
            sample=sample.sha256,
            inherited=inherited,
            category=event.category,
            reporter_id=reporter_id,
            answer_id=_answer(case, event, work),
        )
        if sample.version:
            tell([report], sample, work)
        close_if_done(case, work)

    def foresee_held(self, events: Sequence[QuarantineHeld], work: Work) -> None:
        """The cases that these mails may belong to."""
        traits = spread.traits_of([self._likeness(event) for event in events], work)
        samples = work.foresee(Sample, [trait.sample for trait in traits])
        work.foresee(Case, [sample.case_id for sample in samples])

    def on_quarantine_held(self, event: QuarantineHeld, work: Work) -> None:
        """The recipients of a held mail were spared it: count them in the case that it is like."""
        alike = self._likeness(event)
        match = _match(alike, event, work)
        case = work.find(Case, work.get(Sample, match.sample).case_id) if match else None
        spread.spare(case, alike.same_mail, event.envelope.rcpt_to, work)

    def _likeness(self, event: ReportReceived | QuarantineHeld) -> Likeness:
        return likeness(message=event.message, own_domains=self._own_domains)


def _match(alike: Likeness, event: ReportReceived | QuarantineHeld, work: Work) -> Trait | None:
    """The surest trait that this mail shares with an earlier one."""
    look = None
    for trait in alike.all:
        found = work.find(Trait, trait)
        if found is None:
            continue
        sample = work.get(Sample, found.sample)
        look = look or Look.of(event.message)
        if holds(trait=trait, one=look, other=Look.read(sample.sketch, sample.marks)):
            return found
    return None


def _open(event: ReportReceived, work: Work) -> Case:
    case = work.new(Case, case_id=_case_id(event), opened_at=work.at, report_count=1)
    work.emit(
        CaseOpened(
            case_id=case.case_id,
            report_id=event.report_id,
            category=event.category,
            subject=event.message.subject,
            from_address=event.message.from_address,
        )
    )
    return case


def _case_id(event: ReportReceived) -> str:
    """The case that a report opens when it finds none."""
    return fact_id("case", event.report_id)


def _join(match: Trait, event: ReportReceived, work: Work) -> Case:
    case = work.get(Case, work.get(Sample, match.sample).case_id)
    case.report_count += 1
    work.emit(
        CaseJoined(
            case_id=case.case_id,
            report_id=event.report_id,
            report_count=case.report_count,
            matched=MATCHED[kind_of(match.trait)],
        )
    )
    return case


def _keys(alike: Likeness, event: ReportReceived) -> list[str]:
    """What people may be remembered under who were spared this mail."""
    return [*alike.same_mail, spread.case_key(_case_id(event))]


def _kin(match: Trait | None, event: ReportReceived, work: Work) -> Kin:
    """The mails that this one is like, or a beginning of such."""
    if match and kind_of(match.trait) in CONTENT:
        return work.get(Kin, work.get(Sample, match.sample).kin_id)
    kin_id = event.message.sha256
    return work.find(Kin, kin_id) or work.new(Kin, kin_id=kin_id)


def _take_sample(case: Case, kin: Kin, event: ReportReceived, decision: Decision, work: Work) -> Sample:
    """A mail that the case has not seen: ask for its analysis, unless it is dismissed, which is a verdict too."""
    sample = work.find(Sample, event.message.sha256)
    if sample is None:
        sample = work.new(Sample, sha256=event.message.sha256, case_id=case.case_id, asked_as=case.case_id)
    elif sample.case_id != case.case_id:  # somebody else's verdict, of a case that is none
        sample.case_id, sample.asked_as, sample.version, sample.own_version = case.case_id, case.case_id, 0, 0
    sample.sketch, sample.marks = event.message.sketch, Look.of(event.message).written()
    sample.kin_id = kin.kin_id
    kin.sample_count += 1
    case.sample_count += 1
    case.closed = False
    if decision.decision == "dismiss":
        sample.own_version, sample.own_category, sample.own_confidence = 1, "simulation", 1.0
        sample.version, sample.category, sample.confidence = 1, "simulation", 1.0
        return sample
    if sample.own_version:
        lead_case(case, sample, work)
    else:
        case.waiting_count += 1
    work.emit(
        SubmissionRequested(
            request_id=fact_id("submission", case.case_id, sample.sha256),
            case_id=case.case_id,
            message_sha256=sample.sha256,
            category=event.category,
            report_count=case.report_count,
            reporter=event.reporter,
            reporter_verified=event.reporter_verified,
            envelope=event.envelope,
            sender=event.message.from_address,
            priority=decision.priority,
            reported_at=event.received_at,
        )
    )
    return sample


def _answer(case: Case, event: ReportReceived, work: Work) -> str:
    """The answer that a verified reporter will get for the case; the same one however often they report it."""
    if not _is_known(event):
        return ""
    answer_id = answer_id_of(case.case_id, event.reporter)
    if not work.find(Answer, answer_id):
        work.new(
            Answer,
            answer_id=answer_id,
            case_id=case.case_id,
            reporter=event.reporter,
            subject=event.message.subject,
            from_address=event.message.from_address,
            reported_as=event.category,
            reported_at=event.received_at,
            due_at=work.at + RECEIPT_AFTER,
        )
    return answer_id


def _is_known(event: ReportReceived) -> bool:
    """Whether it is proven who reported."""
    return event.reporter_verified and bool(event.reporter)


def answer_id_of(case_id: str, reporter: str) -> str:
    """One for each case and reporter."""
    return fact_id("answer", case_id, reporter.lower())

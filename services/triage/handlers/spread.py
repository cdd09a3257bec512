"""Who got mail of a case, or would have: reporters, recipients of what was reported, and those of copies that were stopped."""

from collections.abc import Iterable, Iterator, Sequence

from sqlmodel import col

from services.triage.rules.likeness import Likeness
from services.triage.rules.spread import COUNTED_MAX, is_news
from services.triage.tables import Case, Entry, Person, Spared, Trait, person_id_of, spared_id_of
from shared.events import BlockCreated, BlockHit, CaseSpread, MailEnvelope, ReportReceived
from shared.work import Work

#: Recipients of one mail that are counted.
RECIPIENTS_MAX = 50

#: People of a batch who were spared before their cases came, and are looked up together; more of them mail by mail.
FORESEEN_MAX = 2_000


def count_people(case: Case, event: ReportReceived, work: Work) -> None:
    """Who reported it, and who is known to have got it."""
    for address, has_reported in _people(event):
        _count(case, address, work, has_reported=has_reported)


def foresee_spared(keys: Iterable[str], work: Work) -> None:
    """Who was spared mails of these keys, before any case of them was known."""
    work.foresee_by(Spared, Spared.key, list(keys), limit=FORESEEN_MAX)


def count_spared(case: Case, keys: Sequence[str], work: Work) -> None:
    """Count those who were spared before anybody reported it."""
    for key in keys:
        known = work.find_by(Spared, Spared.key, key)
        for one in work.load(Spared, col(Spared.key) == key, limit=COUNTED_MAX) if known is None else known:
            _count(case, one.address, work, was_spared=True)


def spare(case: Case | None, keys: Iterable[str], addresses: Sequence[str], work: Work) -> None:
    """Some people did not get a mail: count them in its case, or remember them under its keys until there is one."""
    people = list(dict.fromkeys(address.lower() for address in addresses if address))[:RECIPIENTS_MAX]
    if case:
        work.foresee(Person, [person_id_of(case.case_id, address) for address in people])
        for address in people:
            _count(case, address, work, was_spared=True)
        tell_spread(case, work)
        return
    pairs = [(key, address) for key in keys for address in people]
    work.foresee(Spared, [spared_id_of(*pair) for pair in pairs])
    for key, address in pairs:
        spared_id = spared_id_of(key, address)
        if not work.find(Spared, spared_id):
            work.new(Spared, spared_id=spared_id, key=key, address=address[:320], at=work.at)
            work.overlook(Spared, Spared.key, key)


def tell_spread(case: Case, work: Work) -> None:
    """Say how many people there are, when there are more than have reported it and clearly more than were told."""
    if is_news(told=case.told_recipients, now=case.recipient_count, reporters=case.reporter_count):
        case.told_recipients = case.recipient_count
        work.emit(
            CaseSpread(case_id=case.case_id, recipient_count=case.recipient_count, spared_count=case.spared_count)
        )


def foresee_entries(events: Sequence[BlockCreated | BlockHit], work: Work) -> None:
    """The cases that these entries were made for."""
    entries = work.foresee(Entry, [event.block_id for event in events])
    made = [event.origin.case_id for event in events if isinstance(event, BlockCreated) and event.origin.case_id]
    work.foresee(Case, [*(entry.case_id for entry in entries), *made])
    foresee_spared([entry_key(event.block_id) for event in events if isinstance(event, BlockCreated)], work)


def on_block_created(event: BlockCreated, work: Work) -> None:
    """Remember which case an entry was made for; it may have stopped mail already, for streams keep no order between them."""
    if event.action != "block" or not event.origin.case_id or work.find(Entry, event.block_id):
        return
    work.new(Entry, block_id=event.block_id, case_id=event.origin.case_id)
    if case := work.find(Case, event.origin.case_id):
        count_spared(case, [entry_key(event.block_id)], work)
        tell_spread(case, work)


def on_block_hit(event: BlockHit, work: Work) -> None:
    """Somebody was spared a mail by an entry."""
    if event.action != "block":
        return
    entry = work.find(Entry, event.block_id)
    case = work.find(Case, entry.case_id) if entry else None
    key = case_key(entry.case_id) if entry else entry_key(event.block_id)
    spare(case, [key], [event.recipient], work)


def entry_key(block_id: str) -> str:
    """What people are remembered under whom an entry spared a mail before its case was known."""
    return f"block:{block_id}"


def case_key(case_id: str) -> str:
    """What people are remembered under who were spared mail of a case before it was opened."""
    return f"case:{case_id}"


def traits_of(alike: Sequence[Likeness], work: Work) -> list[Trait]:
    """The known traits of some mails, those of like ones only when the mail itself is not known: looked up together."""
    work.foresee(Trait, [trait for one in alike for trait in one.same_mail])
    fresh = [one for one in alike if not any(work.find(Trait, trait) for trait in one.same_mail)]
    work.foresee(Trait, [trait for one in fresh for trait in one.same_case])
    return [row for one in alike for trait in one.all if (row := work.known(Trait, trait))]


def _count(case: Case, address: str, work: Work, *, has_reported: bool = False, was_spared: bool = False) -> None:
    """Count a person once, by the strongest that is known of them: reported, got it, was spared."""
    person_id = person_id_of(case.case_id, address)
    if case.recipient_count >= COUNTED_MAX and not has_reported:
        return
    person = work.find(Person, person_id)
    if person is None:
        person = work.new(Person, person_id=person_id, was_spared=was_spared)
        case.recipient_count += 1
        case.spared_count += was_spared
    elif person.was_spared and not was_spared:
        person.was_spared = False
        case.spared_count -= 1
    if has_reported and not person.has_reported:
        person.has_reported = True
        case.reporter_count += 1


def _people(event: ReportReceived) -> Iterator[tuple[str, bool]]:
    if event.reporter:
        yield event.reporter.lower(), True
    envelope: MailEnvelope | None = event.envelope
    for address in (envelope.rcpt_to if envelope else ())[:RECIPIENTS_MAX]:
        yield address.lower(), False

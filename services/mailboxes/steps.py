"""One task in one open mailbox. Each may be done again after a stop at any moment: it looks where the mails are first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.mailboxes.rules.likeness import Found, Settled, Wanted, is_meant, to_purge, to_restore
from services.mailboxes.stores import Box, Query
from shared.apart import read_mail_apart
from shared.errors import Reject
from shared.events import PurgeMatch

#: Largest mail that is compared, in bytes: no gateway lets larger ones through.
MAIL_MAX_BYTES = 25 * 1024 * 1024

#: What stands, in what doveadm answers, for each byte that is no UTF-8.
LOST = "\N{REPLACEMENT CHARACTER}".encode()


@dataclass(frozen=True, slots=True)
class Plan:
    """Mails that would be moved, and how many were found that are not meant."""

    wanted: Sequence[Wanted]
    unlike: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Mails by number: those that are where they should be now, with the folders they came from, and those that are gone."""

    done: dict[int, str]
    gone: frozenset[int]
    left: int


def query_of(match: PurgeMatch) -> Query:
    """What a store is asked: by the Message-ID where there is one, the rest is compared here."""
    sender = "" if match.message_id else match.from_address
    return Query(match.message_id, sender, match.since, match.until)


def plan(box: Box, match: PurgeMatch, quarantine: str, most: int) -> Plan:
    """Find what is meant: each mail is read and compared.

    Raises:
        Defer, Reject: as those of the store; too many are found.
    """
    found = [mail for mail in box.find(query_of(match)) if mail.folder != quarantine]
    if len(found) > most:
        raise Reject(f"{len(found)} mails are found, at most {most} are taken out of a mailbox")
    meant = [mail for mail in found if _meant(box, mail, match)]
    return Plan([Wanted(mail.key, mail.folder, mail.flags) for mail in meant], len(found) - len(meant))


def purge(box: Box, match: PurgeMatch, wanted: Sequence[Wanted], quarantine: str) -> Outcome:
    """Move the planned mails into quarantine, and no others.

    Raises:
        Defer, Reject: as those of the store.
    """
    before = to_purge(wanted=wanted, found=box.find(query_of(match)), quarantine=quarantine)
    if not before.move:
        return _outcome(before, before, wanted)
    box.move(list(before.move.values()), quarantine)
    now = [replace(mail, home=_home(before, number, mail.home)) for number, mail in enumerate(wanted)]
    after = to_purge(wanted=now, found=box.find(query_of(match)), quarantine=quarantine)
    return _outcome(before, after, wanted)


def restore(box: Box, match: PurgeMatch, wanted: Sequence[Wanted], quarantine: str) -> Outcome:
    """Move mails back to the folders where they were; what their user has taken or deleted stays as it is.

    Raises:
        Defer, Reject: as those of the store.
    """
    before = to_restore(wanted=wanted, found=box.find(query_of(match)), quarantine=quarantine)
    homes: dict[str, list[Found]] = {}
    for number, mail in before.move.items():
        homes.setdefault(wanted[number].home, []).append(mail)
    for home, mails in homes.items():
        box.move(mails, home)
    if not before.move:
        return _outcome(before, before, wanted)
    after = to_restore(wanted=wanted, found=box.find(query_of(match)), quarantine=quarantine)
    return _outcome(before, after, wanted)


def _home(before: Settled, number: int, home: str) -> str:
    return before.move[number].folder if number in before.move else home


def _outcome(before: Settled, after: Settled, wanted: Sequence[Wanted]) -> Outcome:
    done = {number: _home(before, number, wanted[number].home) for number in after.there}
    return Outcome(done, after.gone, len(after.move))


def _meant(box: Box, mail: Found, match: PurgeMatch) -> bool:
    raw = box.read(mail, MAIL_MAX_BYTES)
    return bool(raw) and is_meant(match=match, mail=read_mail_apart(raw), legible=LOST not in raw)

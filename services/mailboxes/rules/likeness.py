"""Which of the mails that a store found are those that are meant, and where they are now."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events import PurgeMatch
from shared.mail import Mail
from shared.mail.likeness import alike

#: How much of the text two copies of one mail have in common, 0 to 1.
LIKE = 0.8


@dataclass(frozen=True, slots=True)
class Key:
    """What tells a mail from the others of its mailbox, in every folder and by every protocol."""

    message_id: str  # as its header has it
    received_at: datetime  # IMAP's internal date, whole seconds
    size_bytes: int  # RFC822.SIZE


#: Characters of a Message-ID that are compared.
MESSAGE_ID_MAX = 998


def key_of(*, message_id: str, received_at: datetime, size_bytes: int) -> Key:
    """The key of a mail, its Message-ID unfolded and made fit for a database."""
    plain = " ".join(message_id.split())[:MESSAGE_ID_MAX]
    shown = "".join(char if char.isprintable() else "?" for char in plain)
    return Key(shown, received_at.replace(microsecond=0), size_bytes)


@dataclass(frozen=True, slots=True)
class Found:
    """A mail that a store found: where it is, and what tells it from others."""

    key: Key
    folder: str
    uid: int
    place: str  # what else the store needs to find it again in this folder
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail that is moved: what tells it from others, where it was, and with which flags, by which two copies of it differ."""

    key: Key
    home: str
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Settled:
    """Wanted mails, by number, as they are found now: to be moved, where they should be already, or neither."""

    move: dict[int, Found]
    there: frozenset[int]
    gone: frozenset[int]


def is_meant(*, match: PurgeMatch, mail: Mail, legible: bool = True) -> bool:
    """Whether a mail has every property that was given; of text, the same or four fifths of it.

    Text that is not `legible`, for the store did not give all bytes, says nothing: then all of the rest must be given.
    """
    same = (
        (not match.message_id or mail.message_id == match.message_id)
        and (not match.from_address or mail.from_.address.lower() == match.from_address.lower())
        and (not match.subject or _words(mail.subject) == _words(match.subject))
    )
    if not same or not (match.body_hash or match.sketch):
        return same
    if not legible and match.message_id and match.from_address and match.subject:
        return True
    return (bool(match.body_hash) and mail.body_hash == match.body_hash) or alike(mail.sketch, match.sketch) >= LIKE


def to_purge(*, wanted: Sequence[Wanted], found: Iterable[Found], quarantine: str) -> Settled:
    """What of planned mails is to be moved into quarantine: wherever its user has put it meanwhile.

    Args:
        wanted: the mails.
        found: everything that the store has of them.
        quarantine: the name of that folder.
    """
    left = list(found)
    move = _take(wanted, left, lambda one, home: one.folder == home != quarantine)
    there = _take(wanted, left, lambda one, _: one.folder == quarantine, but=move)
    move |= _take(wanted, left, lambda one, _: one.folder != quarantine, but=move | there)
    return _settled(wanted, move, there)


def to_restore(*, wanted: Sequence[Wanted], found: Iterable[Found], quarantine: str) -> Settled:
    """What of moved mails is to be moved back: only what still is in quarantine, the rest its user has taken.

    Args:
        wanted: the mails.
        found: everything that the store has of them.
        quarantine: the name of that folder.
    """
    left = list(found)
    move = _take(wanted, left, lambda one, _: one.folder == quarantine)
    there = _take(wanted, left, lambda one, home: one.folder == home, but=move)
    return _settled(wanted, move, there)


def _settled(wanted: Sequence[Wanted], move: dict[int, Found], there: Iterable[int]) -> Settled:
    standing = frozenset(there)
    return Settled(move, standing, frozenset(range(len(wanted))).difference(move, standing))


def _take(
    wanted: Sequence[Wanted],
    left: list[Found],
    fits: Callable[[Found, str], bool],
    but: Container[int] = (),
) -> dict[int, Found]:
    """Take mails out of those that are left: for each wanted one the first of its key that fits, one of its flags first."""
    taken: dict[int, Found] = {}
    for same in (True, False):
        for number, mail in enumerate(wanted):
            if number in but or number in taken:
                continue
            fitting = (at for at, one in enumerate(left) if one.key == mail.key and fits(one, mail.home))
            place = next((at for at in fitting if not same or left[at].flags == mail.flags), None)
            if place is not None:
                taken[number] = left.pop(place)
    return taken


def _words(subject: str) -> str:
    return " ".join(subject.split())

"""A store in memory (`memory://NAME`): for trials and tests. It keeps what a real one keeps, and fails when it is told to."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from services.mailboxes.rules.likeness import Found, key_of
from services.mailboxes.stores.store import Query
from shared.errors import Defer, Reject
from shared.mail import read_head
from shared.mail.addresses import first_address


@dataclass
class Kept:
    """A mail in a folder."""

    uid: int
    raw: bytes
    received_at: datetime
    flags: frozenset[str] = frozenset()


@dataclass
class MemoryBox:
    """Folders of mails."""

    folders: dict[str, list[Kept]] = field(default_factory=lambda: {"INBOX": []})
    fails: Exception | None = None
    uid: int = 0

    def deliver(self, raw: bytes, at: datetime, *, folder: str = "INBOX", flags: frozenset[str] = frozenset()) -> Kept:
        """Put a mail into a folder."""
        self.uid += 1
        kept = Kept(self.uid, raw, at.replace(microsecond=0), flags)
        self.folders.setdefault(folder, []).append(kept)
        return kept

    def find(self, query: Query) -> list[Found]:
        self._fail()
        return [
            _found(folder, kept) for folder, mails in self.folders.items() for kept in mails if _matches(kept, query)
        ]

    def read(self, mail: Found, max_bytes: int) -> bytes:
        self._fail()
        raw = next((kept.raw for kept in self.folders.get(mail.folder, []) if kept.uid == mail.uid), b"")
        return raw if len(raw) <= max_bytes else b""

    def move(self, mails: Sequence[Found], folder: str) -> None:
        self._fail()
        for mail in mails:
            here = self.folders.get(mail.folder, [])
            for kept in [one for one in here if one.uid == mail.uid]:
                here.remove(kept)
                self.deliver(kept.raw, kept.received_at, folder=folder, flags=kept.flags)

    def state(self) -> list[str]:
        """Everything but uids: folder, content, date and flags of every mail."""
        return sorted(
            f"{folder} {hashlib.sha256(kept.raw).hexdigest()} {kept.received_at} {sorted(kept.flags)}"
            for folder, mails in self.folders.items()
            for kept in mails
        )

    def _fail(self) -> None:
        if self.fails:
            raise self.fails


class MemoryStore:
    """Mailboxes by name."""

    def __init__(self) -> None:
        self.boxes: dict[str, MemoryBox] = {}
        self.fails: Exception | None = None

    def mailboxes(self) -> list[str]:
        if self.fails:
            raise self.fails
        return sorted(self.boxes)

    @contextmanager
    def open(self, mailbox: str) -> Iterator[MemoryBox]:
        if self.fails:
            raise self.fails
        if mailbox not in self.boxes:
            raise Reject("there is no such mailbox")
        yield self.boxes[mailbox]


#: Stores of this process by name.
_STORES: dict[str, MemoryStore] = {}


def memory_store(name: str) -> MemoryStore:
    """The store of that name, made when it is asked for first."""
    return _STORES.setdefault(name, MemoryStore())


def unreachable() -> Defer:
    """What a store that is away says."""
    return Defer("the mail store does not answer")


def _matches(kept: Kept, query: Query) -> bool:
    head = read_head(kept.raw)
    return (
        (not query.message_id or query.message_id.lower() in head.header("message-id").lower())
        and (not query.from_address or first_address(head.header("from")).address.lower() == query.from_address.lower())
        and (not query.since or kept.received_at >= query.since)
        and (not query.until or kept.received_at < query.until)
    )


def _found(folder: str, kept: Kept) -> Found:
    message_id = read_head(kept.raw).header("message-id")
    key = key_of(message_id=message_id, received_at=kept.received_at, size_bytes=len(kept.raw))
    return Found(key, folder, kept.uid, "", kept.flags)

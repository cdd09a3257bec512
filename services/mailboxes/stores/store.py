"""What a store of mailboxes can do: as much as IMAP and doveadm have in common, and as JMAP and Graph can."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.mailboxes.rules.likeness import Found

#: Longest wait for a connection, and for one answer, in seconds.
CONNECT_S, ANSWER_S = 5.0, 60.0

#: Most mails that a question finds in a mailbox; more is no campaign's copies but a question that is too wide.
FOUND_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Query:
    """What a store is asked: a superset of the mails that are meant. Every field that is given must match."""

    message_id: str = ""  # without angle brackets
    from_address: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Box(Protocol):
    """One open mailbox, in a thread of its own. Every call blocks.

    Raises, each of them:
        Defer: the store does not answer, or not now.
        Reject: it says that this will never do: there is no such mailbox, or too much is found.
    """

    def find(self, query: Query) -> list[Found]:
        """What is found, in every folder."""

    def read(self, mail: Found, max_bytes: int) -> bytes:
        """The raw mail, its line ends as the store has them; empty when it is gone, or larger than this."""

    def move(self, mails: Sequence[Found], folder: str) -> None:
        """Move mails into one folder, with flags and internal dates; it is made when it is not there.

        Mails that are gone are left aside: whoever must know looks again.
        """


class MailStore(Protocol):
    """All mailboxes of one mail server."""

    def mailboxes(self) -> list[str]:
        """The names of all mailboxes. Blocks.

        Raises:
            Defer: the store does not answer.
            Reject: it cannot list them.
        """

    def open(self, mailbox: str) -> AbstractContextManager[Box]:
        """One mailbox. Blocks.

        Raises:
            Defer, Reject: as those of its calls.
        """

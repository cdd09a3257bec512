"""What a blob store promises."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def is_name(name: str) -> bool:
    """Whether a blob may have this name: nothing else becomes part of a path or key."""
    return bool(_SHA256.match(name))


class Blobs(Protocol):
    """Where raw mails are kept. Calls block: call them from a worker thread."""

    def put(self, contents: Iterable[bytes]) -> list[str]:
        """Make all contents durable; their SHA-256 in hex, in order.

        Raises:
            Defer: the store cannot take them now; none is promised.
        """

    def check(self) -> None:
        """See whether a mail could be kept now: write a little, and nothing stays of it that anybody would find.

        Raises:
            Defer: the store cannot take anything now.
        """

    def get(self, sha256: str) -> bytes | None:
        """The content, or None when there is no such blob.

        Raises:
            Defer: the store cannot be read now.
        """

    def erase(self, names: Mapping[str, datetime]) -> None:
        """Take blobs away, but for those that were put (again) after the time that stands with each.

        Raises:
            Defer: the store cannot be written now.
        """

    def older(self, before: datetime) -> Iterator[str]:
        """The names of blobs that were last put before a time."""

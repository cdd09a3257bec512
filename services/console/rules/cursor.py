"""Cursors of lists: a place between two rows that stays right while new rows arrive."""

import base64
import binascii
from datetime import datetime


def write_cursor(at: datetime, key: str) -> str:
    """The place after the row (`at`, `key`), as a word for a URL."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}~{key}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[datetime, str]:
    """The place again.

    Raises:
        ValueError: it is no cursor of ours.
    """
    try:
        moment, separator, key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("~")
        at = datetime.fromisoformat(moment)
    except (binascii.Error, UnicodeError, ValueError):
        raise ValueError("before is no cursor: use next of the page before") from None
    if not separator or at.tzinfo is None:
        raise ValueError("before is no cursor: use next of the page before")
    return at, key

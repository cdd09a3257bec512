"""How a service is: what keeps it from taking more, and what an operator must look at. Doors and `/readyz` ask here."""

import shutil
from pathlib import Path

import structlog

from shared.errors import Defer

MIB = 1024 * 1024


class Health:
    """The troubles of one service by name, each with one sentence that says what is wrong."""

    def __init__(self, service: str = "") -> None:
        self._log = structlog.stdlib.get_logger("health").bind(service=service)
        self._troubles: dict[str, str] = {}
        self._closing: dict[str, str] = {}

    def tell(self, name: str, sentence: str) -> None:
        """Something is wrong; the service goes on with what it can."""
        self._troubles[name] = sentence

    def close_doors(self, name: str, sentence: str) -> None:
        """Nothing more may be taken until it is over; the log has it once."""
        if name not in self._closing:
            self._log.warning("doors are closed", reason=sentence)
        self._closing[name] = sentence

    def over(self, name: str) -> None:
        """It is over."""
        self._troubles.pop(name, None)
        if self._closing.pop(name, None):
            self._log.info("doors are open again" if not self._closing else "doors stay closed", over=name)

    def may_take(self) -> None:
        """Whether a door may take a mail now.

        Raises:
            Defer: with the reason; nothing was taken.
        """
        for sentence in self._closing.values():
            raise Defer(sentence)

    def is_well(self) -> None:
        """Whether all is well.

        Raises:
            Defer: with every trouble.
        """
        if troubles := [*self._closing.values(), *self._troubles.values()]:
            raise Defer("; ".join(dict.fromkeys(troubles)))


def watch_outbox(health: Health, *, unsent: int, limit: int) -> None:
    """Close the doors while more than `limit` events wait to be published: memory and disk are not without end."""
    if unsent > limit:
        health.close_doors("outbox", f"more than {limit} events wait for Redis: try again later")
    elif unsent <= limit * 9 // 10:
        health.over("outbox")


def watch_disk(health: Health, folder: Path, *, min_free_mb: int) -> None:
    """Close the doors before the disk is full: a full one cannot even delete."""
    try:
        free_mb = shutil.disk_usage(folder).free // MIB
    except OSError:
        return  # whoever writes there will tell
    if free_mb < min_free_mb:
        health.close_doors("disk", f"only {free_mb} MiB are free where mails are kept, {min_free_mb} are needed")
    else:
        health.over("disk")

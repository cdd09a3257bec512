"""The mails of the demo: written for it, or a folder of somebody's own."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, get_args

from shared.events.vocabulary import ReportCategory

DOORS = ("http", "multipart", "smtp", "stream", "quarantine-http", "quarantine-stream")

#: Doors that mails of a folder go through in turn: those that take any bytes.
FOLDER_DOORS = ("http", "multipart", "stream")


@dataclass(frozen=True, slots=True)
class DemoMail:
    """One mail, its door, and what it was written to become. `expect` is empty where nobody knows."""

    file: str
    raw: bytes
    door: str
    what: str
    category: ReportCategory = "phishing"
    reporter: str = ""
    expect: tuple[str, ...] = ()
    case: str = ""
    reason: str = "policy"
    recipients: tuple[str, ...] = ()
    mail_from: str = ""
    score: float | None = None
    symbols: tuple[str, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether the gateway held it; else it was reported."""
        return self.door.startswith("quarantine")


def load() -> tuple[DemoMail, ...]:
    """The mails that come with Longstop.

    Raises:
        ValueError: the manifest names a door, category or file that does not exist.
    """
    folder = files(__package__)
    manifest = tomllib.loads(folder.joinpath("mails.toml").read_text(encoding="utf-8"))
    return tuple(_mail(entry, folder.joinpath("mails", entry["file"]).read_bytes()) for entry in manifest["mail"])


def of_folder(mails: Iterable[tuple[str, bytes]]) -> tuple[DemoMail, ...]:
    """Mails of a folder, reported as phishing through one door after the other."""
    return tuple(
        DemoMail(
            file=path.rpartition("/")[2],
            raw=raw,
            door=FOLDER_DOORS[number % len(FOLDER_DOORS)],
            what="",
            reporter="ana@example.org",
        )
        for number, (path, raw) in enumerate(mails)
    )


def _mail(entry: dict[str, Any], raw: bytes) -> DemoMail:
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in ("expect", "recipients", "symbols") if name in entry}
    fields: dict[str, Any] = {**entry, **lists}
    mail = DemoMail(raw=raw, **fields)
    if mail.door not in DOORS or mail.category not in get_args(ReportCategory):
        raise ValueError(f"mails.toml: {mail.file} has an unknown door or category")
    return mail

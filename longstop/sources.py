"""Mails from files: `.eml`, `.msg`, mbox, Maildir, or a folder of them, read one at a time."""

import mailbox
from collections.abc import Iterator
from pathlib import Path

from shared.mail import is_mail


def mails(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Each mail with where it came from. What cannot be read is told on stderr and left out.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist")
        if path.is_dir():
            yield from _folder(path)
        else:
            yield from _file(path)


def count(paths: list[Path]) -> int:
    """How many files there are to look at, for the progress bar: mailboxes may hold more."""
    return sum(1 for path in paths for _ in (path.rglob("*") if path.is_dir() else [path]))


def _folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        for sub in ("new", "cur"):
            for path in sorted((folder / sub).iterdir()):
                yield str(path), path.read_bytes()
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and _may_be_mail(path):
            yield from _file(path)


def _file(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix.lower() == ".mbox" or _is_mbox(path):
        box = mailbox.mbox(path, create=False)
        try:
            for key in box.iterkeys():
                yield f"{path}#{key}", box.get_bytes(key)
        finally:
            box.close()
        return
    yield str(path), path.read_bytes()


def _may_be_mail(path: Path) -> bool:
    """Whether a file of a folder is a mail by its name, or looks like one; a folder may hold other things too."""
    if path.suffix.lower() in (".eml", ".msg", ".mbox"):
        return True
    with path.open("rb") as file:
        look = file.read(64 * 1024)
    return not is_mail(look)


def _is_mbox(path: Path) -> bool:
    """More than one mail behind `From ` lines (RFC 4155); a single one is a mail with its envelope line."""
    with path.open("rb") as file:
        if file.read(5) != b"From ":
            return False
        file.seek(0)
        return sum(1 for line in file if line.startswith(b"From ")) > 1

"""The blob store: raw mails by their SHA-256, durable before anybody says "taken".

A blob is written under a temporary name, fsynced, renamed, and its folder fsynced: after a crash there is either the
whole blob or none. Names are the SHA-256 of the content, so the same mail is stored once and nothing of a mail ever
becomes part of a path.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from shared.errors import Defer

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class Blobs(Protocol):
    """Where raw mails are kept. Calls block: call them from a worker thread."""

    def put(self, contents: Iterable[bytes]) -> list[str]:
        """Make all contents durable; their SHA-256 in hex, in order.

        Raises:
            Defer: the store cannot take them now; none is promised.
        """

    def get(self, sha256: str) -> bytes | None:
        """The content, or None when there is no such blob.

        Raises:
            Defer: the store cannot be read now.
        """


class FileBlobs:
    """Blobs as files `ab/abcdef…` under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, contents: Iterable[bytes]) -> list[str]:
        """Write what is not there yet; one fsync for each new blob and for each touched folder."""
        names = []
        touched = set()
        try:
            for content in contents:
                name = hashlib.sha256(content).hexdigest()
                names.append(name)
                path = self._path(name)
                if not path.exists():
                    _write_whole(path, content)
                touched.add(path.parent)
            for folder in touched:
                _fsync_folder(folder)
        except OSError as error:
            raise Defer(f"the blob store cannot be written: {error.strerror}") from error
        return names

    def get(self, sha256: str) -> bytes | None:
        """Read one blob whole; None for an unknown or malformed name."""
        if not _SHA256.match(sha256):
            return None
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Defer(f"the blob store cannot be read: {error.strerror}") from error

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _write_whole(path: Path, content: bytes) -> None:
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _fsync_folder(path.parent.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_blobs(folder: Path) -> Blobs:
    """The blob store of the settings."""
    return FileBlobs(folder)

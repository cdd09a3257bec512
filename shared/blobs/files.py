"""Blobs as files.

A blob is written under a temporary name, fsynced, renamed, and its folder fsynced: after a crash there is either the
whole blob or none. Names are the SHA-256 of the content, so the same mail is stored once and nothing of a mail ever
becomes part of a path.
"""

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from shared.blobs.store import is_name
from shared.errors import Defer

#: Threads that write: enough for the file system to join their fsyncs, few enough for a slow disk.
WRITERS = 8

#: What is written to see whether a mail could be: a file system that has no page left for it has none for a mail.
PROBE = b"\0" * 4096


class FileBlobs:
    """Blobs as files `a/abcdef…` under one folder: few folders, for each one that a batch touches costs an fsync."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="blobs")
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, contents: Iterable[bytes]) -> list[str]:
        """Write what is not there yet; one fsync for each new blob and for each touched folder.

        Several at once: file systems make concurrent fsyncs durable in one go.
        """
        named = [(hashlib.sha256(content).hexdigest(), content) for content in contents]
        touched = {name[:1] for name, _ in named}
        try:
            for letter in touched:
                if not (folder := self._folder / letter).exists():
                    folder.mkdir(parents=True, exist_ok=True)
                    _fsync(self._folder)
            paths = {self._path(name): content for name, content in named}
            fresh = [(path, content) for path, content in paths.items() if not _touched(path)]
            if len(fresh) == 1:
                _write_all(fresh)
            else:
                list(self._threads.map(_write_all, (fresh[start::WRITERS] for start in range(WRITERS))))
            folders = [self._folder / letter for letter in touched]
            list(self._threads.map(_fsync, folders) if len(folders) > 1 else map(_fsync, folders))
        except OSError as error:
            raise Defer(f"the blob store cannot be written: {error.strerror}") from error
        return [name for name, _ in named]

    def check(self) -> None:
        """Write and fsync a file that is no blob, and take it away."""
        probe = f"{self._folder}/probe.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_whole(probe, PROBE)
            os.unlink(probe)  # noqa: PTH108
        except OSError as error:
            raise Defer(f"the blob store cannot be written: {error.strerror}") from error

    def get(self, sha256: str) -> bytes | None:
        """Read one blob whole; None for an unknown or malformed name."""
        if not is_name(sha256):
            return None
        try:
            with open(self._path(sha256), "rb", buffering=0) as file:  # noqa: PTH123
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Defer(f"the blob store cannot be read: {error.strerror}") from error

    def erase(self, names: Mapping[str, datetime]) -> None:
        """Each under another name first: whoever puts it meanwhile writes it anew, or has touched it, and it comes back."""
        for name, since in names.items():
            path = self._path(name)
            try:
                os.replace(path, f"{path}.old")  # noqa: PTH105
                if os.stat(f"{path}.old").st_mtime > since.timestamp():  # noqa: PTH116
                    os.replace(f"{path}.old", path)  # noqa: PTH105
                else:
                    os.unlink(f"{path}.old")  # noqa: PTH108
            except FileNotFoundError:
                continue
            except OSError as error:
                raise Defer(f"the blob store cannot be written: {error.strerror}") from error

    def older(self, before: datetime) -> Iterator[str]:
        """Folder by folder."""
        for folder in sorted(self._folder.iterdir()):
            if folder.is_dir():
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if is_name(entry.name) and entry.stat().st_mtime < before.timestamp():
                            yield entry.name

    def _path(self, name: str) -> str:
        """Text, for a `Path` of each blob costs as much as reading it."""
        return f"{self._folder}/{name[:1]}/{name}"


def _touched(path: str) -> bool:
    """Whether a blob is there already; it is as young as a new one then (`erase`)."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _write_all(blobs: Sequence[tuple[str, bytes]]) -> None:
    for path, content in blobs:
        _write_whole(path, content)


def _write_whole(path: str, content: bytes) -> None:
    """Under a name that nobody else takes, then, once it is on disk, under its own."""
    temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.new"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(descriptor, content)
            while written < len(content):  # a signal, or a limit of the file system
                written += os.write(descriptor, memoryview(content)[written:])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

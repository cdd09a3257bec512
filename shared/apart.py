"""Reading mails apart: a large mail is read by a process of its own, with limits of time and memory.

The readers of `shared.mail` are linear and bounded, but whoever is sure of that has not met the next mail. Small mails
are read here: a process costs more than they do, and even the worst of them take a moment only (tests/unit/mail).
"""

import contextlib
import multiprocessing
import resource
import threading
from multiprocessing.connection import Connection

import structlog

from shared.mail import Mail, read_head, read_mail

#: Mails up to this size are read in this process, in bytes.
HERE_MAX_BYTES = 64 * 1024

#: What one mail may take: seconds of the processor, seconds of the clock, bytes of memory.
CPU_S, WALL_S = 10, 15.0
MEMORY_MAX_BYTES = 1024 * 1024 * 1024

#: A reader is replaced after so many mails: what leaks cannot grow.
MAILS_MAX = 500

#: Files that a reader may hold open: its pipe and the three that every process has.
FILES_MAX = 32


class Reader:
    """One process that reads mails, one at a time; made when it is needed, and again when a mail ended it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._left = 0

    def read(self, raw: bytes, own_authserv_ids: frozenset[str]) -> Mail:
        """The mail; only its header and a defect when it takes more than a mail may."""
        with self._lock:
            try:
                pipe = self._ready()
                pipe.send((raw, own_authserv_ids))
                mail = pipe.recv() if pipe.poll(WALL_S) else None
            except (EOFError, OSError):
                mail = None
            if mail is None:
                self.close()
        if mail is None:
            structlog.stdlib.get_logger("mail").warning("a mail was too much for its reader", size_bytes=len(raw))
            return read_head(raw, "unreadable")
        read: Mail = mail
        return read

    def close(self) -> None:
        """End the process."""
        if self._pipe:
            self._pipe.close()
        if self._process:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _ready(self) -> Connection:
        if self._pipe is None or self._left == 0:
            self.close()
            context = multiprocessing.get_context("forkserver")  # a fork of a process with threads may stand still
            context.set_forkserver_preload(["shared.mail"])
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=serve, args=(theirs,), daemon=True, name="mail reader")
            self._process.start()
            theirs.close()
            self._left = MAILS_MAX
        self._left -= 1
        return self._pipe


_reader = Reader()


def read_apart(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> Mail:
    """`read_mail`, in another process when the mail is large. Blocks: call it from a worker thread."""
    if len(raw) <= HERE_MAX_BYTES:
        return read_mail(raw, own_authserv_ids=own_authserv_ids)
    return _reader.read(raw, own_authserv_ids)


def serve(pipe: Connection) -> None:
    """Read what comes until the other side is gone."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_MAX_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES_MAX),
    ):
        with contextlib.suppress(ValueError, OSError):  # the limit is lower already
            resource.setrlimit(limit, (most, most))
    while True:
        try:
            raw, own_authserv_ids = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + CPU_S + 1
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        try:
            mail = read_mail(raw, own_authserv_ids=own_authserv_ids)
        except MemoryError:
            mail = None
        pipe.send(mail)

"""Reading mails apart: a large mail is read by a process of its own, with limits of time and memory.

The readers of `shared.mail` are linear and bounded, but whoever is sure of that has not met the next mail. Small mails
are read here: a process costs more than they do, and even the worst of them take a moment only (tests/unit/mail).
"""

import atexit
import subprocess
import sys
import threading
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import structlog

from shared.errors import Defer
from shared.mail import Mail, ReportMail, read_head, read_mail, read_report_mail
from shared.mail.codes import may_hold_codes
from shared.mail.outlook import may_hold_outlook
from shared.mail.preview import Preview

#: Mails up to this size are read in this process, in bytes.
HERE_MAX_BYTES = 64 * 1024

#: What one mail may take of the clock, in seconds. What it may take of the processor and of memory: `shared.mail.__main__`.
WALL_S = 15.0

#: How long a reader may take to start, in seconds.
START_S = 30.0

#: A reader is replaced after so many mails: what leaks cannot grow.
MAILS_MAX = 500

#: A reader may be ended by others (a person, the kernel for want of memory): a mail that ended two ended them itself.
TRIES = 2


class Reader:
    """One process that reads mails, one at a time; made when it is needed, and again when a mail ended it."""

    def __init__(self, module: str = "shared.mail") -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._left = 0

    def read(self, what: str, raw: bytes, **more: Any) -> Any:
        """What was read; None when it takes more than a mail may.

        Raises:
            Defer: no process can be started now.
        """
        with self._lock:
            for _ in range(TRIES):
                pipe = self._ready()
                try:
                    pipe.send((what, raw, more))
                    if pipe.poll(WALL_S):
                        return pipe.recv()
                except (EOFError, OSError):
                    self.close()
                    continue
                self.close()
                break
        structlog.stdlib.get_logger("mail").warning("a mail was too much for its reader", size_bytes=len(raw))
        return None

    def close(self) -> None:
        """End the process."""
        if self._pipe:
            self._pipe.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = self._pipe = None

    def _ready(self) -> Connection:
        if self._pipe is None or self._left == 0:
            self.close()
            self._pipe, theirs = Pipe()
            command = [sys.executable, "-m", self._module, str(theirs.fileno())]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - nothing of a mail is in it
                    command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
                )
                theirs.close()
                if not self._pipe.poll(START_S):
                    raise TimeoutError("it does not answer")
                self._pipe.recv()
            except (EOFError, OSError) as error:
                theirs.close()
                self.close()
                raise Defer(f"no process to read mails in can be started: {error or type(error).__name__}") from None
            self._left = MAILS_MAX
        self._left -= 1
        return self._pipe


_reader = Reader()
atexit.register(_reader.close)


def read_mail_apart(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> Mail:
    """`read_mail`, in another process when the mail is large. Blocks: call it from a worker thread.

    Raises:
        Defer: no process can be started now.
    """
    if _here(raw):
        return read_mail(raw, own_authserv_ids=own_authserv_ids)
    mail: Mail | None = _reader.read("mail", raw, own_authserv_ids=own_authserv_ids)
    return mail or read_head(raw, "unreadable")


def read_report_mail_apart(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> ReportMail:
    """`read_report_mail` in the same way. Of a report mail that cannot be read nothing is known but its header."""
    if _here(raw):
        return read_report_mail(raw, own_authserv_ids=own_authserv_ids)
    found: ReportMail | None = _reader.read("report mail", raw, own_authserv_ids=own_authserv_ids)
    return found or ReportMail(read_head(raw, "unreadable"), ())


def mail_of_msg_apart(raw: bytes) -> bytes:
    """`mail_of_msg`, always in another process; empty when it cannot be read."""
    return _reader.read("msg", raw) or b""


def preview_apart(raw: bytes) -> Preview:
    """A mail's preview with its markup, always in another process. What is too much for it is not shown, and that is told.

    Raises:
        Defer: no process can be started now.
    """
    found: Preview | None = _reader.read("preview", raw)
    if found is None:
        return Preview(is_cut=True)
    return replace(found, markup=_reader.read("markup", raw) or "") if found.has_markup else found


def _here(raw: bytes) -> bool:
    """Whether a mail is read in this process: small, and nothing in it needs a reader that is not ours."""
    return len(raw) <= HERE_MAX_BYTES and not may_hold_outlook(raw) and not may_hold_codes(raw)

"""`python -m shared.mail FD`: reads the mails that come through a pipe until the other side is gone (`shared.apart`)."""

import contextlib
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

from shared.mail import read_mail, read_report_mail
from shared.mail.outlook import mail_of_msg
from shared.mail.preview import markup_of, preview

Readers = Mapping[str, Callable[..., object]]

READERS: dict[str, Callable[..., object]] = {
    "mail": read_mail, "report mail": read_report_mail, "msg": mail_of_msg, "preview": preview, "markup": markup_of,
}  # fmt: skip

#: What one mail may take: seconds of the processor, and bytes of memory with everything that Python needs.
CPU_S = 10
MEMORY_MAX_BYTES = 1024 * 1024 * 1024

#: Files that may be open: the pipe and the three that every process has, and what Python opens to import a module.
FILES_MAX = 32


def serve(pipe: Connection, readers: Readers = READERS) -> None:
    """Say that this is ready, then read what comes.

    `(what, raw, further arguments)` in, what was read out; None when the memory was not enough.
    """
    pipe.send("ready")
    while True:
        try:
            what, raw, more = pipe.recv()
        except (EOFError, OSError):
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + CPU_S + 1)
        try:
            answer = readers[what](raw, **more)
        except MemoryError:
            answer = None
        del raw
        pipe.send(answer)


def _limit(kind: int, most: int) -> None:
    """Set the soft limit, as far as the hard one allows."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def main(pipe: str, readers: Readers = READERS) -> None:
    """Set the limits of this process, then read; a service may have readers of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service; this ends with it
    _limit(resource.RLIMIT_AS, MEMORY_MAX_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, FILES_MAX)
    serve(Connection(int(pipe)), readers)


if __name__ == "__main__":
    main(sys.argv[1])

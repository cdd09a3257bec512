"""`python -m tests.hungry_reader FD`: the reader of large mails as it would be with faults that mails can make use of."""

import os
import sys
import time

from shared.mail import Mail, read_mail
from shared.mail import __main__ as reader


def read(raw: bytes, *, own_authserv_ids: frozenset[str] = frozenset()) -> Mail:
    match raw.split(b"\n", 1)[0]:
        case b"memory":
            kept = [bytearray(16 * 1024 * 1024) for _ in range(1_000)]
            raise AssertionError(len(kept))
        case b"processor":
            while True:
                pass
        case b"clock":
            time.sleep(60)
        case b"end":
            os._exit(3)
    return read_mail(raw, own_authserv_ids=own_authserv_ids)


if __name__ == "__main__":
    reader.READERS["mail"] = read
    reader.CPU_S = 0
    reader.main(sys.argv[1])

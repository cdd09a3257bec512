"""`make fuzz`: damaged mails against every reader until the time is over; what fails is kept and ends the run.

Seeds are the bombs (their beginnings), files that the tests write, and with `--corpus DIR` real mails.
"""

import argparse
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from shared.mail import facts, read_report_mail, reading
from shared.mail.cms import signed_content
from shared.mail.codes import AVAILABLE, texts_in_picture
from shared.mail.documents import links_in_office, links_in_pdf
from shared.mail.outlook import mail_of_msg, mails_in_tnef
from tests.bombs import BOMBS
from tests.mails import mail, report_of
from tests.outlook_files import RTF_HTML, msg, packed_rtf, tnef

SEED_MAX_BYTES = 64 * 1024

#: What one damaged file may take, in seconds: it has 64 kB.
SLOW_S = 2.0

WORDS = (
    *(b"\r\n", b"\n", b"\r", b"\0", b"--b", b"--", b"=?utf-8?b?", b"?=", b"=3D", b"=\r\n", b"(", b")", b"<", b">", b"@", b'"', b"\\"),
    *(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"charset=", b"boundary="),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Received: from x ([1.2.3.4]) by y; ", b"http://", b"xn--", b"<a href=", b"<base "),
    *(b"\xff", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"/URI (", b"stream\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf1", b"-- forwarded message --"),
)  # fmt: skip


def seeds(corpus: Path | None) -> list[bytes]:
    """What is damaged."""
    file = msg({0x0037: "Fee", 0x1000: "Pay", 0x1009: packed_rtf(RTF_HTML)}, {0x3707: "a.txt", 0x3701: b"x"})
    found = [
        mail(),
        report_of(mail(), report_of(mail())),
        file,
        tnef({0x0037: "x"}, {0x3701: b"\7" * 16 + tnef({0x1000: "y"})}),
    ]
    found += [bomb()[:SEED_MAX_BYTES] for name, bomb in BOMBS.items() if "GB" not in name and "MB" not in name]
    if corpus:
        files = [path for path in sorted(corpus.rglob("*")) if path.is_file()]
        found += [path.read_bytes()[:SEED_MAX_BYTES] for path in files]
    return found


def damaged(chance: random.Random, all_seeds: list[bytes]) -> bytes:
    """A seed with a few things done to it."""
    data = bytearray(chance.choice(all_seeds))
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(data))
        match chance.randint(0, 6):
            case 0:
                data[at:at] = chance.choice(WORDS) * chance.choice((1, 1, 2, 50))
            case 1:
                del data[at : at + chance.choice((1, 2, 10, 500))]
            case 2 if data:
                data[at % len(data)] = chance.randint(0, 255)
            case 3:
                data[at : at + 4] = chance.randbytes(4)
            case 4:
                part = data[at : at + chance.choice((10, 200, 3000))]
                data[at:at] = part * chance.choice((1, 3))
            case 5:
                other = chance.choice(all_seeds)
                start = chance.randint(0, len(other))
                data[at:at] = other[start : start + chance.choice((20, 500, 5000))]
            case _:
                del data[at + chance.choice((0, 100, 5000)) :]
    return bytes(data[: 2 * SEED_MAX_BYTES])


def read_all(data: bytes) -> None:
    """Every reader; the results are bounded."""
    report = read_report_mail(data)
    if len(facts(report.mail).model_dump_json()) > 500_000 or len(report.originals) > 20:
        raise AssertionError("the facts are not bounded")
    others: list[Callable[[bytes], object]] = [mail_of_msg, mails_in_tnef, signed_content]
    others += [lambda raw: list(links_in_pdf(raw)), lambda raw: list(links_in_office(raw))]
    others += [texts_in_picture] if AVAILABLE else []
    for reader in others:
        reader(data)


def main() -> int:
    """Run until the time is over or something fails."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--corpus", type=Path)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**32))
    given = options.parse_args()
    vars(reading)["_READER_FAILURES"] = ()  # what would be said to be unreadable is seen here
    chance, all_seeds = random.Random(given.seed), seeds(given.corpus)
    until, runs, slowest = time.monotonic() + given.seconds, 0, 0.0
    while time.monotonic() < until:
        data = damaged(chance, all_seeds)
        began = time.process_time()
        try:
            read_all(data)
            took = time.process_time() - began
            slowest = max(slowest, took)
            assert took < SLOW_S, f"it took {took:.1f} s"
        except Exception:
            kept = Path(tempfile.gettempdir()) / f"longstop-fuzz-{hashlib.sha256(data).hexdigest()[:16]}"
            kept.write_bytes(data)
            print(f"failed after {runs:,} runs of seed {given.seed}; kept in {kept}", file=sys.stderr)  # noqa: T201
            raise
        runs += 1
    print(f"{runs:,} damaged mails from {len(all_seeds)} seeds, seed {given.seed}: nothing; slowest {slowest:.2f} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

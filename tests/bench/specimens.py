"""What is handed in: mails that are all different, each a case of its own, which is the dearest kind of report."""

import base64
import json
from dataclasses import dataclass
from string import ascii_lowercase

from shared.events import ReportSubmitted, fact_id
from tests.mails import mail, report_of

#: One report in so many is about a mail whose sender gets a block entry; the others are spam, which blocks nobody.
LISTED_EVERY = 20

#: Size of a small and of a large mail, in bytes.
SMALL_BYTES, LARGE_BYTES = 600, 20_000


@dataclass(frozen=True, slots=True)
class Report:
    """One report to be handed in."""

    key: str
    sender: str
    listed: bool
    raw: bytes

    @property
    def report_id(self) -> str:
        """The id that ingest gives a report from the stream."""
        return fact_id("report", "key", self.key)

    @property
    def place(self) -> str:
        """The field of the gateway's hash for its sender."""
        return f"tenant|address|{self.sender}"

    def entry(self) -> tuple[str, str]:
        """The stream entry, as any foreign publisher writes it: the field `data` only."""
        data = {
            "category": "phishing",
            "message": {"rfc822_base64": base64.b64encode(self.raw).decode()},
            "reporter": "ana@example.org",
            "idempotency_key": self.key,
        }
        return "data", json.dumps(data)

    def letter(self) -> bytes:
        """The report as a mail to the report mailbox, with the original attached."""
        return report_of(self.raw)


#: Where such entries go, behind the prefix.
DOOR = ReportSubmitted.STREAM


def report(run: str, number: int, *, listed: bool | None = None, size_bytes: int = SMALL_BYTES) -> Report:
    """The report of this number; another run or number is another mail, text, Message-ID and sender."""
    listed = number % LISTED_EVERY == 0 if listed is None else listed
    word = f"{run}{in_letters(number)}"
    sender = f"{word}@sender-{word}.example"
    script = f"X-Longstop-Stub: category={'phishing' if listed else 'spam'};confidence=0.95\r\n"
    body = f"Dear customer, your parcel {word} is waiting. Pay the fee at http://{word}.fee.example/pay now.\r\n"
    bare = mail(sender=sender, subject=f"Parcel {word}", body="", message_id=f"{word}@{word}.example", extra=script)
    line = f"Nobody but {word} would read so long a text about a parcel, would they?\r\n"
    missing = size_bytes - len(bare) - len(body)
    filling = (line * (max(missing, 0) // len(line) + 1))[: max(missing, 0)]
    return Report(word, sender, listed, bare + (body + filling).encode())


def in_letters(number: int) -> str:
    """A word of seven letters: digits do not tell two campaigns apart."""
    letters = ""
    for _ in range(7):
        number, rest = divmod(number, 26)
        letters = ascii_lowercase[rest] + letters
    return letters

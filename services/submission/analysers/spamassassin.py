"""SpamAssassin as a second opinion: `spamd` is asked for a report (protocol SPAMC/SPAMD 1.5)."""

import asyncio
import re
from urllib.parse import urlsplit

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.scanners import Hit, opinion
from shared.errors import Defer, Reject

#: Answers larger than this, in bytes, are none of spamd's.
ANSWER_MAX = 256 * 1024

#: Mails larger than this, in bytes, are not scanned: spamc does the same, for spamd would take minutes.
MAIL_MAX = 512 * 1024

_SPAM = re.compile(rb"(?im)^Spam:\s*(?:true|false|yes|no)\s*;\s*(-?[\d.]{1,12})\s*/\s*(-?[\d.]{1,12})")
_TEST = re.compile(r"^\s{0,4}(-?\d{1,4}(?:\.\d{1,3})?)\s+([A-Z][A-Z0-9_]{1,80})\s+(.{0,200})$")
_MORE = re.compile(r"^\s{10,40}(\S.{0,200})$")
_STATUS = re.compile(rb"^SPAMD/[\d.]{1,5} (\d{1,3}) ")

#: Answers of spamd that may be others later (sysexits.h: EX_TEMPFAIL, EX_UNAVAILABLE, EX_OSERR and so on).
_PASSING = frozenset({69, 70, 71, 72, 73, 74, 75, 79})


class SpamAssassinAnalyser:
    """Asks one spamd (`spamd://HOST:783`, or `unix:///PATH`)."""

    name = "spamassassin"

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Let it scan.

        Raises:
            Defer: it does not answer.
            Reject: it will not scan this mail.
        """
        if len(specimen.raw) > MAIL_MAX:
            return Opinion(self.name, "not_checked", detail=f"mails of more than {MAIL_MAX // 1024} kB are not scanned")
        head = f"REPORT SPAMC/1.5\r\nContent-length: {len(specimen.raw)}\r\n\r\n".encode()
        try:
            reader, writer = await self._connect()
            try:
                writer.write(head + specimen.raw)
                await writer.drain()
                answer = await _read(reader)
            finally:
                writer.close()
        except OSError as error:
            raise Defer(f"spamd does not answer: {type(error).__name__}") from error
        return _opinion(answer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._url.scheme == "unix":
            return await asyncio.open_unix_connection(self._url.path)
        return await asyncio.open_connection(self._url.hostname or "127.0.0.1", self._url.port or 783)


async def _read(reader: asyncio.StreamReader) -> bytes:
    answer = bytearray()
    while some := await reader.read(16 * 1024):
        answer += some
        if len(answer) > ANSWER_MAX:
            raise Defer("spamd answers more than a report")
    return bytes(answer)


def _opinion(answer: bytes) -> Opinion:
    status = _STATUS.match(answer)
    if not status:
        raise Defer("spamd answers what no spamd does")
    if (code := int(status[1])) != 0:
        raise (Defer if code in _PASSING else Reject)(f"spamd answered {code}")
    spam = _SPAM.search(answer)
    if not spam:
        raise Defer("spamd answers without a score")
    return opinion(
        "spamassassin", _hits(answer.decode("utf-8", "replace")), threshold=float(spam[2]), where="SpamAssassin"
    )


def _hits(report: str) -> list[Hit]:
    """The table of the report; a description may go on in the next line."""
    hits: list[Hit] = []
    table = report.rpartition("---- -----")[2]
    for line in table.splitlines()[1:]:
        if found := _TEST.match(line):
            hits.append(Hit(found[2], float(found[1]), found[3].strip()))
        elif hits and (more := _MORE.match(line)):
            last = hits[-1]
            hits[-1] = Hit(last.name, last.points, f"{last.text} {more[1]}"[:200])
    return hits

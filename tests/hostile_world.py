"""A whole Longstop that hostile mails were played through by every door, and what nobody may see of them anywhere."""

import asyncio
import base64
import os
import pty
import re
import struct
import sys
import termios
import unicodedata
from collections.abc import Iterator, Mapping
from fcntl import ioctl
from pathlib import Path
from typing import Any

from shared.events import QuarantineFiled, ReportReceived, ReportRejected, ReportResolved
from tests.bombs import BOMBS
from tests.command_line import settle
from tests.hostile_mails import hostile_letters, letter
from tests.mails import mail, report_of
from tests.services import House
from tests.waiting import until

#: Where real mails are; everything is played then, else a few of each kind.
CORPUS = os.environ.get("LONGSTOP_TEST_CORPUS", "")

#: Words that a stranger says of a mail, everywhere where words may be said.
WORDS = '=HYPERLINK("http://evil.example")\x1b]0;owned\x07\x1b[2J\u202e\u200b<img src=x onerror=alert(1)>{{7*7}}\r\nBcc: eve@evil.example'

#: What turns, hides or obeys: no page, list or terminal may have one of them. Joiners of emoji may stay.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
JOINERS = "\u200d"

#: A command at a terminal ends within so many seconds.
TERMINAL_MAX_S = 60

#: A terminal may be told colours, and nothing else (ECMA-48, SGR).
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def ugly() -> dict[str, bytes]:
    """Mails that are ugly to look at rather than dangerous to read."""
    emoji = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e0062\U000e007f " * 20
    people = ",\r\n ".join(f"user{n}@example.org" for n in range(500))
    links = "\r\n".join(f"http://host{n}.evil{n}.example/{'p' * 200}?q={n}" for n in range(1_000))

    def said(text: str) -> str:
        return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="

    return {
        "a subject of one word": mail(subject="W" * 900, message_id="1@ugly.example"),
        "a subject that turns": mail(subject=said("\u202egpj.exe\u2066" * 30), sender=f"{said(chr(0x202E) + 'moc.knab')} <a@turn.example>", message_id="2@ugly.example"),
        "a subject of nothing": mail(subject=said("\u200b\u2060\u3164\u2800" * 50), message_id="3@ugly.example"),
        "a pile of marks": mail(subject=said("Z" + "\u0300\u0316" * 400 + "algo"), message_id="4@ugly.example"),
        "emoji": mail(subject=said(emoji), message_id="5@ugly.example"),
        "NUL": mail(subject="before\0after\x1b[31m\x07\x7f\x9b", body="a\0b\x1b[2Jc", message_id="6@ugly.example"),
        "1,000 links": mail(subject="links", body=links, message_id="7@ugly.example"),
        "500 recipients": mail(subject="everybody", to=people, message_id="8@ugly.example"),
        "a formula": mail(subject="=cmd|'/c calc'!A1", sender='"@SUM(1+1)" <-2+3@formula.example>', message_id="9@ugly.example"),
        "Arabic": mail(subject=said("تحقق من حسابك الآن <b>login</b> (عاجل) 123"), message_id="10@ugly.example"),
        "a file with a long name": letter(file_name="a" * 900 + "\u202efdp.exe", head="From: f@file.example\r\nSubject: file\r\nMessage-ID: <11@ugly.example>\r\n"),
        "a template": mail(subject="{{7*7}}${7*7}<%= 7*7 %>{% raw %}#{7*7}", message_id="12@ugly.example"),
    }  # fmt: skip


def mails() -> dict[str, bytes]:
    """What is played: everything with a corpus, else a few of each kind."""
    letters = hostile_letters()
    if not CORPUS:
        few = ("a subject of 400,000 words", "20,000 recipients", "100,000 links")
        return {**ugly(), "all attacks": letters["all"], **{name: BOMBS[name]() for name in few}}
    files = (path for path in sorted(Path(CORPUS).rglob("*")) if path.is_file() and path.suffix not in {".tsv", ".md"})
    bombs = {name: bomb() for name, bomb in BOMBS.items()}
    return {**ugly(), **letters, **bombs, **{str(path): path.read_bytes() for path in files}}


async def play(made: House) -> None:
    """Hand every mail in as a report by HTTP, as one by SMTP, and as held mail; wait until all that follows is said."""
    taken, everything = 0, mails()
    async with made.http("ingest") as http:
        http.timeout = 60
        for raw in everything.values():
            words = {"category": "phishing", "reporter": "ana@example.org", "comment": WORDS, "folder": WORDS[:90]}
            report = await http.post(
                "/v1/reports", params=words, content=raw, headers={"Content-Type": "message/rfc822"}
            )
            taken += report.status_code == 202
            held = {
                "rcpt": "ana@example.org",
                "from": "bounce@evil.example",
                "reason": "spam",
                "symbols": WORDS[:40],
                "qid": WORDS[:20],
            }
            kept = await http.post(
                "/v1/quarantine", params=held, content=raw, headers={"Content-Type": "message/rfc822"}
            )
            assert report.status_code in (202, 413, 422)
            assert kept.status_code in (202, 413, 422), kept.text
    await by_smtp(
        made.ports["smtp_port"], [report_of(raw, subject=WORDS.partition("\r")[0]) for raw in ugly().values()]
    )

    async def is_resolved() -> bool:
        reports, rejected, resolved = [await made.said(one) for one in (ReportReceived, ReportRejected, ReportResolved)]
        filed = await made.said(QuarantineFiled)
        return len(reports) + len(rejected) >= taken + len(ugly()) and len(resolved) >= len(reports) and bool(filed)

    await until(is_resolved, patience_s=60 + len(everything))
    assert await made.said("dead.v1") == []


async def by_smtp(port: int, raws: list[bytes]) -> None:
    """Hand reports in by SMTP, one conversation."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: bytes) -> bytes:
        writer.write(line)
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        return answer

    await reader.readline()
    await say(b"EHLO gw.example.org\r\n")
    for raw in raws:
        await say(b"MAIL FROM:<ana@example.org>\r\n")
        await say(b"RCPT TO:<phish@example.org>\r\n")
        await say(b"DATA\r\n")
        await say(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
    writer.close()


def hidden(text: str, *, lines: bool = True) -> list[str]:
    """The characters of a text that turn, hide or obey; with `lines` it may have lines and tabs."""
    plain = "\n\r\t" if lines else ""
    return sorted({f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in HIDDEN and c not in plain + JOINERS})


def texts_in(value: Any) -> Iterator[str]:
    """Every text in JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_in(one)


async def at_a_terminal(made: House, *words: str) -> str:
    """What a command shows to somebody at a real terminal of 100 columns."""
    settle(made)
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "longstop", *words, "--data-dir", str(made.data_dir)),
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    shown = asyncio.create_task(asyncio.to_thread(_all_of, ours))
    try:
        await asyncio.wait_for(process.wait(), TERMINAL_MAX_S)
    finally:
        if process.returncode is None:
            process.kill()
    return (await shown).decode()


def _all_of(terminal: int) -> bytes:
    shown = b""
    try:
        while piece := os.read(terminal, 65_536):
            shown += piece
    except OSError:  # how a terminal says that nobody writes any more
        pass
    finally:
        os.close(terminal)
    return shown

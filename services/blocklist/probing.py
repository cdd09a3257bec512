"""Asking each gateway, now and then, whether it obeys: a mail that a standing entry names is handed in, and must be refused.

An entry that stands while the gateway lets its mail pass is the failure that nobody sees: a filter that was set up anew without
Longstop's file, a Redis that it does not read any more. A gateway that obeys never delivers the mail.
"""

import asyncio
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal, TypeAlias
from uuid import uuid4

import structlog
from sqlmodel import Session, col, delete, select

from services.blocklist.entries import Book, Wish
from services.blocklist.tables import Entry, Probe
from shared.events import BlockOrigin, rfc3339
from shared.metrics import GATEWAY_ENFORCES
from shared.run import Room
from shared.work import Work, now

#: An answer takes no longer, in seconds: content filters may take their time.
ANSWER_S = 30.0

#: How long to wait for a new entry to be written into the gateway's hash before looking again, in seconds.
WRITING_S = 0.5

#: What is kept of an answer, in characters.
WORDS_MAX = 300

State: TypeAlias = Literal["obeys", "passes", "unclear", "silent"]

ORIGIN = BlockOrigin(by="probe", note="asks gateways whether they obey; made again when it is removed")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway did with the mail: refused it with the entry's id, took it, refused it for another reason, or did not answer."""

    state: State
    words: str


class ProbeGateways:
    """The job."""

    def __init__(self, room: Room) -> None:
        settings = room.settings
        self._database = room.database
        self._book = Book(settings)
        self._gateways: Sequence[tuple[str, int]] = settings.gateways_to_probe()
        self._sender: str = settings.probe_sender
        self._recipient: str = settings.probe_recipient
        self._log = structlog.stdlib.get_logger("probe")

    async def __call__(self) -> bool:
        """Ask every gateway once the entry stands in the hash."""
        if not self._gateways:
            return False
        entry = await self._database.run(self._standing)
        if entry.applied < entry.generation:
            await asyncio.sleep(WRITING_S)
            return True
        for host, port in self._gateways:
            answer = await asyncio.to_thread(ask, host, port, self._sender, self._recipient, entry.block_id)
            await self._tell(f"{host}:{port}", answer)
        names = [f"{host}:{port}" for host, port in self._gateways]
        await self._database.run(lambda work: _forget_others(names, work), quiet=True)
        return False

    def _standing(self, work: Work) -> Entry:
        wish = Wish(kind="address", value=self._sender, expires_at=None, origin=ORIGIN, cause=str(uuid4()))
        return self._book.add(wish, work)

    async def _tell(self, gateway: str, answer: Answer) -> None:
        before = await self._database.run(lambda work: _write(gateway, answer, work), quiet=True)
        if answer.state in ("obeys", "passes"):
            GATEWAY_ENFORCES.labels(gateway).set(answer.state == "obeys")
        elif before != "":
            GATEWAY_ENFORCES.remove(gateway)
        if answer.state == "passes":
            self._log.error("a gateway lets mail pass that an entry blocks", gateway=gateway)
        elif answer.state != before:
            self._log.warning("a gateway was asked", gateway=gateway, state=answer.state)


def ask(host: str, port: int, sender: str, recipient: str, block_id: str) -> Answer:
    """One conversation, up to the end of the mail."""
    try:
        with smtplib.SMTP(host, port, timeout=ANSWER_S) as smtp:
            smtp.ehlo()
            code, words = smtp.mail(sender)
            if code < 400:
                code, words = smtp.rcpt(recipient)
            if code < 400:
                code, words = smtp.data(_mail(sender, recipient, now()))
    except (OSError, smtplib.SMTPException) as error:
        return Answer("silent", _plain(str(error) or type(error).__name__))
    said = _plain(f"{code} {words.decode('utf-8', 'replace')}")
    if code < 400:
        return Answer("passes", said)
    return Answer("obeys" if block_id in said else "unclear", said)


def probes(session: Session) -> list[dict[str, Any]]:
    """What each gateway did last."""
    found = session.exec(select(Probe).order_by(col(Probe.gateway)))
    return [{**one.model_dump(exclude={"asked_at"}), "asked_at": rfc3339(one.asked_at)} for one in found]


def _mail(sender: str, recipient: str, at: datetime) -> bytes:
    return (
        f"From: Longstop <{sender}>\r\nTo: <{recipient}>\r\nSubject: Longstop asks this gateway whether it obeys\r\n"
        f"Date: {format_datetime(at)}\r\nMessage-ID: <{uuid4()}@longstop.invalid>\r\nAuto-Submitted: auto-generated\r\n\r\n"
        "An entry of the block list names the sender of this mail, so it should have been refused. That you read it means that this\r\n"
        "gateway does not obey the block list: see `longstop doctor`.\r\n"
    ).encode()


def _plain(text: str) -> str:
    return "".join(char if " " <= char <= "~" else " " for char in text)[:WORDS_MAX]


def _write(gateway: str, answer: Answer, work: Work) -> str:
    row = work.session.get(Probe, gateway)
    before = row.state if row else ""
    row = row or Probe(gateway=gateway, asked_at=work.at)
    row.asked_at, row.state, row.words = work.at, answer.state, answer.words
    work.session.add(row)
    return before


def _forget_others(names: Sequence[str], work: Work) -> None:
    work.session.execute(delete(Probe).where(col(Probe.gateway).not_in(names)))

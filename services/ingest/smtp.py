"""The SMTP door: report mailboxes and the quarantine mailbox.

250 is said only once the mail is durable; 451 when it cannot be made so now; 550 for an unknown mailbox or a refused
network, at RCPT. Nothing ever bounces: what carries no report is kept, told as `report.rejected`, and taken.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.ingest.handlers import Durable, write_all
from services.ingest.intake import Handed, HandedHeld, Intake, count, refusal
from services.ingest.rspamd import Scan
from services.ingest.rules import MAILBOXES, QUARANTINE_MAILBOX, mailbox_of, reason_of
from shared.errors import Defer, Reject
from shared.events import MailEnvelope, fact_id
from shared.mail import Mail, Original, attached_originals, category_of_subject, read_mail
from shared.run import VERSION, Room

#: Conversations at once: a gateway uses a handful.
SESSIONS_MAX = 50

#: A client that says nothing for so long is gone, in seconds.
TIMEOUT_S = 60

#: Recipients of one transaction: a report goes to one mailbox, sometimes two.
RECIPIENTS_MAX = 5

#: RFC 5321 allows 1,000 bytes; mails in the wild do not keep to it, and reports carry mails of the wild.
LINE_MAX_BYTES = 65_536

NOT_NOW = "451 4.3.0 not now, try again later"


class _Server(SMTP):
    """aiosmtpd with our limits; the default answer to a bug is 500, which would make the sender give a report up."""

    line_length_limit = LINE_MAX_BYTES

    async def handle_exception(self, error: Exception) -> str:
        structlog.stdlib.get_logger("smtp").error("conversation failed", reason=type(error).__name__, exc_info=error)
        return NOT_NOW


class SmtpDoor:
    """Listens on the SMTP port."""

    def __init__(self, room: Room, intake: Intake) -> None:
        self._settings = room.settings
        self._handler = Mailboxes(room, intake)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._settings.bind, self._settings.smtp_port)

    async def stop(self) -> None:
        """Take no more; conversations get their answers."""
        if self._server:
            self._server.close()
            await self._handler.idle()

    def _session(self) -> SMTP:
        return _Server(
            self._handler,
            data_size_limit=self._settings.mail_max_bytes,
            ident=f"Longstop {VERSION}",
            hostname="longstop",
            timeout=TIMEOUT_S,
            enable_SMTPUTF8=True,
            command_call_limit={"RCPT": RECIPIENTS_MAX * 4, "*": 100},
        )


class Mailboxes:
    """What happens at MAIL, RCPT and DATA (aiosmtpd's handler)."""

    def __init__(self, room: Room, intake: Intake) -> None:
        self._room = room
        self._intake = intake
        self._networks = [ip_network(word) for word in room.settings.smtp_networks]
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self) -> None:
        """Wait until no mail is being taken."""
        await self._idle.wait()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet."""
        del server, envelope
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take only our mailboxes, only from allowed networks."""
        del server
        if not self._is_allowed(session):
            return "550 5.7.1 this network may not hand in mail here"
        mailbox = mailbox_of(recipient=address)
        if mailbox not in MAILBOXES and mailbox != QUARANTINE_MAILBOX:
            return "550 5.1.1 no such mailbox: use phish, junk, notjunk, report or quarantine"
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Make it durable, then say so."""
        del server
        raw = envelope.original_content or b""
        self._busy += 1
        self._idle.clear()
        try:
            with self._intake.budget.hold(len(raw)):
                events = await self._take(raw, session, envelope)
                await self._room.database.run(lambda work: write_all(events, work))
        except Defer:
            return NOT_NOW
        except Reject as reason:
            return f"550 5.6.0 {reason}"
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
        count(events, "smtp")
        return "250 2.6.0 taken"

    async def _take(self, raw: bytes, session: Session, envelope: Envelope) -> list[Durable]:
        outer, originals = await asyncio.to_thread(_open, raw)
        client_ip = session.peer[0] if session.peer else ""
        events: list[Durable] = []
        for address in dict.fromkeys(mailbox_of(recipient=rcpt) for rcpt in envelope.rcpt_tos):
            if address == QUARANTINE_MAILBOX:
                events += await self._intake.hold([held_of(raw, outer)])
            else:
                about = Letter(raw, outer, address, envelope.mail_from or "", client_ip)
                events += await self._intake.receive(about.reports(originals))
                if not originals:
                    events.append(await self._rejected(about))
        return events

    async def _rejected(self, about: "Letter") -> Durable:
        """A mail to a report mailbox without an original: kept, told, never bounced."""
        (sha256,) = await asyncio.to_thread(self._room.blobs.put, [about.raw])
        handed = about.report(Original(about.raw, "inline", low_fidelity=True), 0)
        reason = "no reported mail is attached: forward the mail as an attachment"
        return refusal(handed, reason, sha256)

    def _is_allowed(self, session: Session) -> bool:
        try:
            client = ip_address(session.peer[0] if session.peer else "")
        except ValueError:
            return False
        return any(client in network for network in self._networks)


class Letter:
    """A mail to a report mailbox and what it says of the reports in it."""

    def __init__(self, raw: bytes, outer: Mail, mailbox: str, mail_from: str, client_ip: str) -> None:
        self.raw = raw
        self._reporter = mail_from or outer.from_.address
        self._client_ip = client_ip
        self._identity = (hashlib.sha256(raw).hexdigest(), mailbox)
        category = MAILBOXES[mailbox]
        self._category, self._defaulted = (category, False) if category else category_of_subject(outer.subject)

    def reports(self, originals: Sequence[Original]) -> list[Handed]:
        """One report for each original; the same mail handed in again gives the same report ids."""
        return [self.report(original, number) for number, original in enumerate(originals)]

    def report(self, original: Original, number: int) -> Handed:
        """The report of one original."""
        return Handed(
            raw=original.raw,
            category=self._category,
            source="smtp",
            report_id=fact_id("report", *self._identity, number),
            reporter=self._reporter,
            envelope=None,
            defaulted=self._defaulted,
            low_fidelity=original.low_fidelity,
        )


def held_of(raw: bytes, outer: Mail) -> HandedHeld:
    """A held mail in the quarantine mailbox: its envelope stands in `X-Longstop-*` or `X-Envelope-*` headers (amavis).

    Raises:
        Reject: neither they nor `To` name a recipient.
    """
    rcpt = outer.header("x-longstop-rcpt-to") or outer.header("x-envelope-to")
    recipients = [word.strip(" <>") for word in rcpt.split(",")] if rcpt else [to.address for to in outer.to]
    sender = outer.header("x-longstop-mail-from") or outer.header("x-envelope-from") or outer.from_.address
    scan = Scan(
        mail_from=sender.strip(" <>")[:320],
        rcpt_to=tuple(dict.fromkeys(one[:320] for one in recipients if "@" in one)),
        queue_id=(outer.header("x-longstop-queue-id") or outer.header("x-quarantine-id")).strip(" <>")[:255],
    )
    envelope: MailEnvelope = scan.envelope()
    reason = reason_of(given=outer.header("x-longstop-reason"), symbols=(), action=outer.header("x-spam-flag"))
    return HandedHeld(raw, envelope, reason, queue_id=scan.queue_id)


def _open(raw: bytes) -> tuple[Mail, tuple[Original, ...]]:
    return read_mail(raw), attached_originals(raw)

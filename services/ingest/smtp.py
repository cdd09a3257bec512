"""The SMTP door: report mailboxes and the quarantine mailbox.

250 is said only once the mail is durable; 451 when it cannot be made so now; 550 for an unknown mailbox or a refused
network, at RCPT. Nothing ever bounces: what carries no report is kept, told as `report.rejected`, and taken.
"""

import asyncio
import ssl
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.ingest.gate import TooMany
from services.ingest.handlers import Durable, write_all
from services.ingest.intake import Intake, count
from services.ingest.post import Post
from services.ingest.rules import MAILBOXES, QUARANTINE_MAILBOX, mailbox_of
from shared.errors import Defer, Reject
from shared.run import VERSION, Room
from shared.web import listen

#: Conversations at once: a gateway uses a handful.
SESSIONS_MAX = 50

#: A client that says nothing for so long is gone, in seconds.
TIMEOUT_S = 60

#: Recipients of one transaction: a report goes to one mailbox, sometimes two.
RECIPIENTS_MAX = 5

#: RFC 5321 allows 1,000 bytes; mails in the wild have pages and attachments of one line, and 500 would lose the report.
LINE_MAX_BYTES = 4 * 1024 * 1024

#: Commands in one conversation. A gateway with a queue to empty sends thousands of mails in one; nobody needs much help.
COMMANDS_MAX = {**dict.fromkeys(("MAIL", "RCPT", "DATA", "RSET", "XFORWARD"), 1_000_000), "*": 100}

NOT_NOW = "451 4.3.0 not now, try again later"


class Limits(SMTP):
    """aiosmtpd with our limits; the default answer to a bug is 500, which would make the sender give a report up."""

    line_length_limit = LINE_MAX_BYTES
    extensions: Sequence[str] = ("PIPELINING",)  # RFC 2920; a must of LMTP (RFC 2033, section 5)

    async def handle_exception(self, error: Exception) -> str:
        """Answer when there is a fault of ours."""
        structlog.stdlib.get_logger("smtp").error("conversation failed", reason=type(error).__name__, exc_info=error)
        return NOT_NOW


class Certificate:
    """The certificate for STARTTLS (RFC 3207): read again when its file is another one."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._files = (cert, key)
        self._read_at: tuple[int, ...] = ()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """What the next conversation uses; the one before, when the files cannot be read."""
        try:
            if self._read_at != self._written_at():
                self._context = self._read()
        except (OSError, ssl.SSLError) as error:
            structlog.stdlib.get_logger("smtp").error("certificate cannot be read", reason=type(error).__name__)
        return self._context

    def _written_at(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in self._files)

    def _read(self) -> ssl.SSLContext:
        self._read_at = self._written_at()
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(*self._files)
        return made


class MailDoor:
    """Listens on one port for one protocol."""

    def __init__(self, room: Room, port: int, handler: "Taker", protocol: type[SMTP] = Limits) -> None:
        self._settings = room.settings
        self._port = port
        self._handler = handler
        self._protocol = protocol
        self._server: asyncio.Server | None = None
        cert, key = room.settings.smtp_tls_cert, room.settings.smtp_tls_key
        self._tls = Certificate(cert, key) if cert and key else None

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        listener = listen(self._settings.bind, self._port)
        self._server = await asyncio.get_running_loop().create_server(self._session, sock=listener)

    async def stop(self) -> None:
        """Take no more; conversations get their answers."""
        if self._server:
            self._server.close()
            await self._handler.idle()

    def _session(self) -> SMTP:
        return self._protocol(
            self._handler,
            data_size_limit=self._settings.mail_max_bytes,
            ident=f"Longstop {VERSION}",
            hostname="longstop",
            timeout=TIMEOUT_S,
            tls_context=self._tls.context() if self._tls else None,
            enable_SMTPUTF8=True,
            command_call_limit=COMMANDS_MAX,
        )


class Taker:
    """What happens at MAIL, RCPT and DATA (aiosmtpd's handler): who may come, and durable before "taken"."""

    recipients_max = RECIPIENTS_MAX
    source: Literal["smtp", "lmtp"] = "smtp"

    def __init__(self, room: Room, intake: Intake) -> None:
        self.room = room
        self.intake = intake
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
        """Greet, and say what the server can do beyond what the library knows."""
        del envelope
        session.host_name = hostname
        more = [f"250-{line}" for line in server.extensions] if isinstance(server, Limits) else []
        return [*responses[:-1], *more, responses[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take only our mailboxes, only from allowed networks."""
        del server
        if not self._is_allowed(session):
            return "550 5.7.1 this network may not hand in mail here"
        if why_not := self.refusal_of(address):
            return why_not
        if len(envelope.rcpt_tos) >= self.recipients_max:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Make it durable, then say so."""
        raw = envelope.original_content or b""
        self._busy += 1
        self._idle.clear()
        try:
            self.let_in(session, envelope)
            with self.intake.budget.hold(len(raw)):
                events = await self.take(raw, server, session, envelope)
                await self.room.database.run(lambda work: write_all(events, work))
        except TooMany as reason:
            return f"451 4.7.1 {reason}"
        except Defer:
            return NOT_NOW
        except Reject as reason:
            return f"550 5.6.0 {reason}"
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
        count(events, self.source)
        return "250 2.6.0 taken"

    def let_in(self, session: Session, envelope: Envelope) -> None:
        """Nothing is counted here: a gateway hands in what others sent."""

    def refusal_of(self, address: str) -> str:
        """Why a recipient is refused; the empty string when it is not."""
        raise NotImplementedError

    async def take(self, raw: bytes, server: SMTP, session: Session, envelope: Envelope) -> list[Durable]:
        """Make a mail durable; what is true of it now.

        Raises:
            Defer: it cannot be made so now.
            Reject: it never can.
        """
        raise NotImplementedError

    def _is_allowed(self, session: Session) -> bool:
        try:
            client = ip_address(session.peer[0] if session.peer else "")
        except ValueError:
            return False
        return any(client in network for network in self._networks)


class Mailboxes(Taker):
    """The report mailboxes, and by SMTP the quarantine mailbox."""

    def __init__(self, room: Room, intake: Intake, source: Literal["smtp", "lmtp"] = "smtp") -> None:
        super().__init__(room, intake)
        self._post = Post(room, intake)
        self.source = source

    def let_in(self, session: Session, envelope: Envelope) -> None:
        """Count reporters, and clients by SMTP: by LMTP the client is the gateway, whoever reports."""
        client = session.peer[0] if session.peer and self.source == "smtp" else ""
        self.intake.gate.check(client=client, reporter=(envelope.mail_from or "").strip("<>"))

    def refusal_of(self, address: str) -> str:
        """Only our mailboxes are there."""
        if mailbox_of(recipient=address) in (*MAILBOXES, QUARANTINE_MAILBOX):
            return ""
        return "550 5.1.1 no such mailbox: use phish, junk, notjunk, report or quarantine"

    async def take(self, raw: bytes, server: SMTP, session: Session, envelope: Envelope) -> list[Durable]:
        """Take the reports in a mail, or the held mail that it is."""
        del server, session
        mailboxes = [mailbox_of(recipient=rcpt) for rcpt in envelope.rcpt_tos]
        return await self._post.take(raw, mailboxes, self.source, envelope.mail_from or "")

"""The LMTP doors (RFC 2033): reports, and held mail with the envelope that it came with.

Postfix delivers to them by a transport of its own and says whom a mail came from by XFORWARD. Its queue is the retry:
451 keeps a mail there, and every recipient gets a reply of their own.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, AnyStr

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.ingest.handlers import Durable
from services.ingest.intake import HandedHeld
from services.ingest.rspamd import RECIPIENTS_MAX
from services.ingest.rules import reason_of, worse_of
from services.ingest.smtp import Limits, Taker
from shared.apart import read_mail_apart
from shared.errors import Reject
from shared.events import MailEnvelope
from shared.mail import Mail

#: What Postfix may say of the client (XFORWARD_README of Postfix), and what of it is kept.
XFORWARD = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
VALUE_MAX = 255

#: How an IPv6 address may begin (RFC 5321, section 4.1.3); Postfix writes and reads it in any case of letters.
_IPV6 = re.compile(r"\Aipv6:", re.IGNORECASE)

_XTEXT = re.compile(r"\+([0-9A-F]{2})")

#: `default: False [8.20 / 15.00]; BAD_THING(3.00)[…]; …` as Rspamd's milter_headers write it.
_SCORE = re.compile(r"\[(-?[0-9]{1,6}\.[0-9]{1,4}) / ")
_SYMBOL = re.compile(r"(?:^|[;\s])([A-Z][A-Z0-9_]{1,99})\(-?[0-9]")
SYMBOLS_MAX = 200


class Server(Limits, LMTP):
    """aiosmtpd's LMTP with XFORWARD and one reply for each recipient."""

    extensions = (*Limits.extensions, f"XFORWARD {' '.join(XFORWARD)}")

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.forwarded: Mapping[str, str] = {}
        self._recipients = 1  # of the mail in hand
        self._replies = 1

    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet; a new conversation knows of no client."""
        self.forwarded = {}
        await super().smtp_LHLO(arg)

    async def smtp_XFORWARD(self, arg: str) -> None:  # noqa: N802
        """Take what the gateway says of the client: `NAME=mail.example ADDR=192.0.2.1`, xtext (RFC 3461, section 4)."""
        pairs = [word.partition("=") for word in (arg or "").split()]
        if not pairs or any(name.upper() not in XFORWARD for name, _, _ in pairs):
            await self.push(f"501 5.5.4 XFORWARD takes {', '.join(XFORWARD)}")
            return
        self.forwarded = {**self.forwarded, **{name.upper(): _plain(value) for name, _, value in pairs}}
        await self.push("250 2.0.0 OK")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Take a mail; from here on whatever is answered is answered for each recipient (RFC 2033, section 4.2)."""
        self._recipients = max(len(self.envelope.rcpt_tos) if self.envelope else 0, 1)
        try:
            await super().smtp_DATA(arg)
        finally:
            self._replies = 1

    async def push(self, status: AnyStr) -> None:
        """Answer."""
        for _ in range(self._replies):
            await super().push(status)
        if status[:3] in {"354", b"354"}:
            self._replies = self._recipients


class HeldMail(Taker):
    """What happens at RCPT and DATA of a held mail: any recipient is right, for the gateway knew them."""

    recipients_max = RECIPIENTS_MAX
    source = "lmtp"

    def refusal_of(self, address: str) -> str:
        """No recipient is wrong."""
        return "" if "@" in address else "550 5.1.3 a recipient has a domain"

    async def take(self, raw: bytes, server: SMTP, session: Session, envelope: Envelope) -> list[Durable]:
        """Make it durable with its envelope."""
        mail = await asyncio.to_thread(read_mail_apart, raw)
        said = server.forwarded if isinstance(server, Server) else {}
        peer = session.peer[0] if session.peer else ""
        return [*await self.intake.hold([held_of(raw, mail, envelope, said, peer)])]


def held_of(raw: bytes, mail: Mail, envelope: Envelope, said: Mapping[str, str], peer: str) -> HandedHeld:
    """A held mail with what the gateway said of it: by the envelope and XFORWARD, and in the headers that it added.

    Raises:
        Reject: there is no recipient.
    """
    recipients = tuple(dict.fromkeys(address[:320] for address in envelope.rcpt_tos))
    if not recipients:
        raise Reject("no envelope recipient")
    result = mail.header("x-spamd-result")
    symbols = tuple(dict.fromkeys(_symbols(result)))
    score = _SCORE.search(result[:200])
    given = mail.header("x-longstop-quarantine") or mail.header("x-longstop-reason")
    flagged = mail.header("x-spam-flag") or mail.header("x-spam")
    return HandedHeld(
        raw,
        MailEnvelope(
            mail_from=(envelope.mail_from or "").strip("<>")[:320],
            rcpt_to=recipients,
            client_ip=_IPV6.sub("", said.get("ADDR", peer))[:45],
            helo=said.get("HELO", ""),
        ),
        worse_of(
            reason_of(given="", symbols=symbols, action=flagged),
            reason_of(given=given, symbols=symbols, action=flagged),
        ),
        score=float(score[1]) if score else None,
        symbols=symbols,
        queue_id=said.get("IDENT", ""),
    )


def _symbols(result: str) -> Iterator[str]:
    for number, match in enumerate(_SYMBOL.finditer(result)):
        if number == SYMBOLS_MAX:
            return
        yield match[1]


def _plain(value: str) -> str:
    """Undo xtext; nothing where Postfix does not know, and nothing that is not printable."""
    if value.upper() in {"[UNAVAILABLE]", "[TEMPUNAVAIL]"}:
        return ""
    text = _XTEXT.sub(lambda match: chr(int(match[1], 16)), value)
    return "".join(char for char in text if char.isprintable())[:VALUE_MAX]

"""The milter: blocks at RCPT by the envelope, at the end of the mail by what is in it, for each recipient alone.

A copy that a recipient's own entry stops is taken off; the others get theirs, byte for byte. Only when nobody is left the
mail is refused. Mail to nothing but report mailboxes is never looked at: a report holds what entries block.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from services.blocklist.enforcing import wire
from services.blocklist.enforcing.asking import Asker, Bearer, takes_reports
from services.blocklist.enforcing.server import PACKET_MAX_BYTES
from services.blocklist.enforcing.wire import Message, Terms
from services.blocklist.rules.precedence import Candidate, Client, Lookup, lookups
from services.blocklist.settings import BlocklistSettings
from shared.apart import read_mail_apart
from shared.errors import Defer
from shared.mail import Mail
from shared.mail.addresses import read_addresses
from shared.metrics import BLOCK_ANSWER_S

#: A peer that says nothing for so long is gone, in seconds: a slow client may take its time for a body.
IDLE_S = 600.0

#: Recipients of one mail; Postfix takes as many by default.
RECIPIENTS_MAX = 1_000

#: From addresses, links and files that are looked up of one mail.
AUTHORS_MAX, URLS_MAX, FILES_MAX = 10, 1_000, 100

#: Bytes of mails that are in conversations at once; who would go beyond is asked to come again.
AT_ONCE_BYTES = 256 * 1024 * 1024

#: The questions of a mail that the hash is asked for.
_TIMED = {
    wire.RCPT: BLOCK_ANSWER_S.labels("milter", "rcpt"),
    wire.END_OF_MESSAGE: BLOCK_ANSWER_S.labels("milter", "end"),
}

NOT_NOW = "4.7.1 Mail policy cannot be asked now, try again later"


class Keeping(Protocol):
    """Keeps a copy of a mail for those whose copies entries stopped."""

    async def keep(self, raw: bytes, sender: str, client_ip: str, stopped: Mapping[str, Candidate]) -> None:
        """Keep it; what cannot be kept changes nothing about the refusal."""


class Milter:
    """What all conversations share."""

    def __init__(self, asker: Asker, keeping: Keeping, settings: BlocklistSettings) -> None:
        self.asker = asker
        self.keeping = keeping
        self.failure = settings.milter_failure
        self.waits_for_end = settings.milter_refuses_at == "end"
        self.mail_max_bytes = settings.mail_max_bytes
        self.held_bytes = 0
        self.log = structlog.stdlib.get_logger("milter")

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the mail server.

        Raises:
            ValueError: the peer does not speak this protocol.
        """
        conversation = Conversation(self)
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    head = await reader.read(4)
                    if not head:
                        return
                    if len(head) < 4:
                        head += await reader.readexactly(4 - len(head))
                    length = wire.length_of(head)
                    if not 0 < length <= PACKET_MAX_BYTES:
                        raise ValueError("no packet")
                    packet = await reader.readexactly(length)
                if packet[:1] == wire.QUIT:
                    return
                answer = await conversation.take(packet[:1], packet[1:])
                if answer:
                    writer.write(answer)
                    await writer.drain()
        finally:
            conversation.begin()


class Conversation:
    """One connection: a client, and its mails one after the other."""

    def __init__(self, milter: Milter) -> None:
        self._milter = milter
        self._terms = Terms()
        self._client = Client()
        self._message = Message()
        self._answers: dict[bytes, Callable[[bytes], Awaitable[bytes]]] = {
            wire.MAIL: self._mail,
            wire.RCPT: self._rcpt,
            wire.BODY: self._body,
            wire.END_OF_MESSAGE: self._end,
        }

    def begin(self) -> None:
        """Forget the mail in hand."""
        self._milter.held_bytes -= len(self._message.raw)
        self._message = Message()

    async def take(self, command: bytes, data: bytes) -> bytes:
        """The answer to one packet, empty when none is due.

        Raises:
            ValueError: the peer does not speak this protocol.
        """
        if command == wire.OPTNEG:
            self._terms = wire.agreed(data)
            return wire.negotiation(self._terms)
        if command == wire.MACRO:
            return b""
        if command in (wire.ABORT, wire.QUIT_NEW):
            self.begin()
            return b""
        if command == wire.CONNECT:
            self.begin()
            self._client = Client(wire.client_of(data), wire.client_name_of(data))
        elif command == wire.HEADER:
            self._keep(wire.header_of(data, has_leading_space=self._terms.has(wire.LEADING_SPACE)))
            return b"" if self._terms.has(wire.QUIET_HEADERS) else wire.packet(wire.CONTINUE)
        elif command == wire.END_OF_HEADERS:
            self._keep(b"\r\n")
        elif answer := self._answers.get(command):
            began = time.perf_counter()
            said = await answer(data)
            if command in _TIMED:
                _TIMED[command].observe(time.perf_counter() - began)
            return said
        return wire.packet(wire.CONTINUE)

    async def _mail(self, data: bytes) -> bytes:
        self.begin()
        self._message.sender = wire.path_of(data)
        return wire.packet(wire.CONTINUE)

    async def _rcpt(self, data: bytes) -> bytes:
        recipient = wire.path_of(data)
        if len(self._message.recipients) >= RECIPIENTS_MAX:
            return wire.reply("452", "4.5.3 Too many recipients")
        if not self._milter.waits_for_end and not takes_reports(recipient):
            keys = lookups(senders=(self._message.sender,), client=self._client)
            try:
                stopped = await self._milter.asker.blocks(keys, (recipient,))
            except Defer as reason:
                return self._failed(str(reason))
            if stopped:
                return await self._refuse("550", stopped)
        self._message.recipients.append(recipient)
        return wire.packet(wire.CONTINUE)

    async def _body(self, data: bytes) -> bytes:
        self._keep(data)
        skips = self._message.is_cut and self._terms.has(wire.MAY_SKIP)
        return wire.packet(wire.SKIP if skips else wire.CONTINUE)

    async def _end(self, data: bytes) -> bytes:
        self._keep(data)
        message = self._message
        recipients = [one for one in message.recipients if not takes_reports(one)]
        try:
            if not recipients:
                return wire.packet(wire.CONTINUE)
            if self._milter.held_bytes > AT_ONCE_BYTES:
                return self._failed("too many large mails at once")
            mail = await asyncio.to_thread(read_mail_apart, bytes(message.raw))
            stopped = await self._milter.asker.blocks(keys_of(mail, message.sender, self._client), recipients)
            if not message.is_cut:
                await self._milter.keeping.keep(bytes(message.raw), message.sender, self._client.ip, stopped)
            if len(stopped) == len(message.recipients):
                return await self._refuse("554", stopped)
            hosts = list(dict.fromkeys(link.host for link in mail.links if link.host))
            await self._milter.asker.passed([mail.from_.address], hosts)
            return await self._take_off(stopped) if stopped else wire.packet(wire.CONTINUE)
        except Defer as reason:
            return self._failed(str(reason))
        finally:
            self.begin()

    async def _take_off(self, stopped: dict[str, Candidate]) -> bytes:
        """Take the copies off that are stopped; a mail server that does not let us gets no refusal for all."""
        if not self._terms.actions & wire.ACTIONS:
            self._milter.log.warning("the mail server lets no recipient be taken off", entries=len(stopped))
            return wire.packet(wire.CONTINUE)
        await self._milter.asker.count(stopped, self._counted())
        deletions = b"".join(map(wire.without_recipient, stopped))
        return deletions + wire.packet(wire.CONTINUE)

    async def _refuse(self, code: str, stopped: dict[str, Candidate]) -> bytes:
        await self._milter.asker.count(stopped, self._counted())
        entry = next(iter(stopped.values()))
        return wire.reply(code, f"5.7.1 {self._milter.asker.words(entry)}")

    def _failed(self, reason: str) -> bytes:
        self._milter.log.warning("the block list cannot be asked", reason=reason)
        if self._milter.failure == "accept":
            return wire.packet(wire.CONTINUE)
        return wire.reply("451", NOT_NOW)

    def _counted(self) -> Bearer:
        return Bearer("milter", self._client.ip, self._message.sender)

    def _keep(self, data: bytes) -> None:
        """Keep what comes, up to the largest mail that is taken; what is beyond is not looked at."""
        free = self._milter.mail_max_bytes - len(self._message.raw)
        self._message.is_cut = self._message.is_cut or len(data) > free
        kept = data[: max(free, 0)]
        self._message.raw += kept
        self._milter.held_bytes += len(kept)


def keys_of(mail: Mail, sender: str, client: Client) -> list[Lookup]:
    """Everything of a mail that an entry may name."""
    authors = [one.address for value in mail.all("from") for one in read_addresses(value)]
    return lookups(
        senders=(sender,),
        authors=authors[:AUTHORS_MAX] or [mail.from_.address],
        urls=[link.canonical for link in mail.links[:URLS_MAX]],
        files=[one.sha256 for one in mail.attachments[:FILES_MAX]],
        client=client,
    )

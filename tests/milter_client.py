"""A mail server's side of the milter protocol, as far as tests need it."""

import asyncio
import struct
from dataclasses import dataclass, field
from typing import Self

#: What Postfix offers: all actions, and every step that it can leave out.
OFFERED = struct.pack(">III", 6, 0x1FF, 0x1FFFFF)


@dataclass
class Outcome:
    """What came of a mail."""

    at_rcpt: dict[str, str] = field(default_factory=dict)
    at_end: str = ""
    removed: list[str] = field(default_factory=list)


class MilterClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, *, client: str = "192.0.2.7", offered: bytes = OFFERED) -> Self:
        made = cls(*await asyncio.open_connection("127.0.0.1", port))
        await made.say(b"O", offered)
        await made.hear()
        family = b"6" if ":" in client else b"4"
        await made.ask(b"C", b"mx.example\0" + family + struct.pack(">H", 25) + client.encode() + b"\0")
        return made

    async def say(self, command: bytes, data: bytes = b"") -> None:
        self._writer.write(struct.pack(">I", len(data) + 1) + command + data)
        await self._writer.drain()

    async def hear(self) -> tuple[bytes, bytes]:
        (length,) = struct.unpack(">I", await self._reader.readexactly(4))
        packet = await self._reader.readexactly(length)
        return packet[:1], packet[1:]

    async def ask(self, command: bytes, data: bytes = b"") -> tuple[bytes, bytes]:
        await self.say(command, data)
        return await self.hear()

    async def mail(self, raw: bytes, *, sender: str, recipients: list[str]) -> Outcome:
        """Hand in a mail; recipients that are refused get no further."""
        outcome = Outcome()
        await self.ask(b"M", f"<{sender}>\0SIZE={len(raw)}\0".encode())
        for recipient in recipients:
            command, data = await self.ask(b"R", f"<{recipient}>\0".encode())
            if command == b"y":
                outcome.at_rcpt[recipient] = data.rstrip(b"\0").decode()
        if len(outcome.at_rcpt) == len(recipients):
            await self.say(b"A")
            return outcome
        head, _, body = raw.partition(b"\r\n\r\n")
        for line in head.replace(b"\r\n\t", b"\n\t").replace(b"\r\n ", b"\n ").split(b"\r\n"):
            name, _, value = line.partition(b":")
            await self.say(b"L", name + b"\0" + value + b"\0")
        await self.ask(b"N")
        for start in range(0, len(body), 65_535):
            command, _ = await self.ask(b"B", body[start : start + 65_535])
            if command == b"s":
                break
        await self.say(b"E")
        while True:
            command, data = await self.hear()
            if command == b"-":
                outcome.removed.append(data.rstrip(b"\0").decode().strip("<>"))
                continue
            outcome.at_end = data.rstrip(b"\0").decode() if command == b"y" else ""
            return outcome

    async def leave(self) -> None:
        await self.say(b"Q")
        self._writer.close()

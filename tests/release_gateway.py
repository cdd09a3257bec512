"""A gateway's listener behind its filter: speaks SMTP or LMTP on loopback, keeps what it hears, and misbehaves on demand."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

from tests.services import free_port


@dataclass
class ReleaseGateway:
    """`answers` are what it says to whole mails, one after another, the last for ever; `lost`: it hangs up instead."""

    answers: list[str] = field(default_factory=lambda: ["250 2.0.0 Ok: queued as 4F1D"])
    lmtp: bool = False
    port: int = field(default_factory=free_port)
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**20)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"{'lmtp' if self.lmtp else 'smtp'}://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = "LHLO" if self.lmtp else "EHLO"
        writer.write(b"220 gateway\r\n")
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            word = line.split()[0].upper()
            if word in ("EHLO", "LHLO", "HELO"):
                offers = "250-gateway\r\n250-8BITMIME\r\n250-DSN\r\n250 XFORWARD NAME ADDR HELO IDENT\r\n"
                writer.write(offers.encode() if word == hello else b"500 5.5.1 not here\r\n")
            elif word == "DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(await _content(reader))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer == "lost":
                    break
                writer.write(f"{answer}\r\n".encode())
            elif word == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 2.0.0 Ok\r\n")
        writer.close()


async def _content(reader: asyncio.StreamReader) -> bytes:
    """RFC 5321, section 4.5.2: dots are taken away."""
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)

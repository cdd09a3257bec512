"""As much of an IMAP server (RFC 9051) as a mailbox that is watched needs: on loopback, in this process, without TLS."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CAPABILITIES = "IMAP4rev1 IDLE MOVE NAMESPACE"


@dataclass
class ImapServer:
    """Folders of messages by uid."""

    port: int
    prefix: str = ""
    capabilities: str = CAPABILITIES
    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}})
    conversations: int = 0
    deny: bool = False
    _next: int = 1
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def deliver(self, raw: bytes) -> int:
        self.folders["INBOX"][self._next] = raw
        self._next += 1
        self._news.set()
        return self._next - 1

    def raws(self, folder: str) -> list[bytes]:
        return list(self.folders.get(self.prefix + folder if folder != "INBOX" else folder, {}).values())

    def cut(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.conversations += 1
        self._writers.add(writer)
        writer.write(f"* OK [CAPABILITY {self.capabilities}] ready\r\n".encode())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := (await reader.readline()).decode().rstrip():
                tag, _, command = line.partition(" ")
                if command.upper() == "IDLE":
                    await self._idle(reader, writer)
                    text = "OK done"
                else:
                    text = self._answer(command, writer)
                writer.write(f"{tag} {text}\r\n".encode())
                await writer.drain()
                if command.upper() == "LOGOUT":
                    break
        self._writers.discard(writer)
        writer.close()

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+ idling\r\n")
        done = asyncio.create_task(reader.readline())
        news = asyncio.create_task(self._news.wait())
        await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        if not done.done():
            writer.write(f"* {len(self.folders['INBOX'])} EXISTS\r\n".encode())
        await done

    def _answer(self, command: str, writer: asyncio.StreamWriter) -> str:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
        if words[0].upper() == "LOGIN" and (self.deny or words[2] != "secret word"):
            return "NO [AUTHENTICATIONFAILED] no"
        if words[0].upper() == "UID":
            self._messages(words[1].upper(), words[2:], command, writer)
        for line in self._untagged(words[0].upper(), words[1:]):
            writer.write(f"* {line}\r\n".encode())
        return "OK done"

    def _untagged(self, verb: str, words: list[str]) -> Iterator[str]:
        inbox = self.folders["INBOX"]
        match verb:
            case "CAPABILITY":
                yield f"CAPABILITY {self.capabilities}"
            case "NAMESPACE":
                yield f'NAMESPACE (("{self.prefix}" ".")) NIL NIL'
            case "LIST" if words[1] in self.folders:
                yield f'LIST () "." "{words[1]}"'
            case "CREATE":
                self.folders[words[0]] = {}
            case "SELECT":
                yield f"{len(inbox)} EXISTS"
            case "UID" if words[0].upper() == "SEARCH":
                self._news.clear()  # what comes later is told by the next IDLE, however soon it begins
                yield " ".join(["SEARCH", *map(str, inbox)])
            case "EXPUNGE":
                moved = {uid for name, folder in self.folders.items() if name != "INBOX" for uid in folder}
                self.folders["INBOX"] = {uid: raw for uid, raw in inbox.items() if uid not in moved}

    def _messages(self, verb: str, words: list[str], command: str, writer: asyncio.StreamWriter) -> None:
        inbox = self.folders["INBOX"]
        uids = [int(word) for word in words[0].split(",")] if verb != "SEARCH" else []
        for uid in uids:
            if verb == "FETCH":
                self._fetch(uid, command, writer)
            elif verb == "COPY":
                self.folders[words[1]][uid] = inbox[uid]
            elif verb == "MOVE":
                self.folders[words[1]][uid] = inbox.pop(uid)

    def _fetch(self, uid: int, command: str, writer: asyncio.StreamWriter) -> None:
        raw = self.folders["INBOX"].get(uid)
        if raw is None:
            return
        if "RFC822.SIZE" in command:
            writer.write(f"* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)})\r\n".encode())
        else:
            writer.write(f"* 1 FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")


@asynccontextmanager
async def imap_server(port: int, prefix: str = "", capabilities: str = CAPABILITIES) -> AsyncIterator[ImapServer]:
    made = ImapServer(port, prefix, capabilities)
    server = await asyncio.start_server(made.talk, "127.0.0.1", port)
    try:
        yield made
    finally:
        server.close()
        made.cut()

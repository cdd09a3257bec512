"""Mail on its way out: to an SMTP server, or as files; and held mail back to the gateway, unchanged."""

import os
import re
import ssl
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiosmtplib

from shared.errors import Defer, Reject
from shared.outgoing.text import is_address
from shared.settings import MailSettings

#: Longest conversation, in seconds.
TIMEOUT_S = 30

_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class Postman(Protocol):
    """Takes a mail from us."""

    async def send(self, raw: bytes, *, sender: str, recipient: str, name: str) -> str:
        """Send; where it went, in words.

        Raises:
            Defer: not now.
            Reject: never: the address cannot be written in an SMTP command, or the server refused it for good.
        """


class SmtpPostman:
    """Hands mail to one server (`smtp://`, `smtps://`, `lmtp://`)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or (465 if self._tls else 25)

    async def send(self, raw: bytes, *, sender: str, recipient: str, name: str) -> str:
        """One conversation, one recipient. Line ends become CRLF (RFC 5321, section 2.3.8); nothing else is touched."""
        del name
        if not is_address(sender) or not recipient or not is_address(recipient):
            raise Reject("an address of the envelope cannot be written in an SMTP command")
        context = ssl.create_default_context() if self._tls else None
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=TIMEOUT_S,
            use_tls=self._tls,
            tls_context=context,
            start_tls=False,
        )
        try:
            async with client:
                await client.mail(sender, options=["BODY=8BITMIME"] if client.supports_extension("8BITMIME") else [])
                await client.rcpt(recipient)
                await client.data(_BARE_LINE_END.sub(b"\r\n", raw))
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= 500:
                raise Reject(f"{self._host} refused it: {error.code}") from error
            raise Defer(f"{self._host} does not take it now: {error.code}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Defer(f"{self._host}:{self._port} does not answer: {type(error).__name__}") from error
        return f"{self._host}:{self._port}"


class FilePostman:
    """Writes mails as `.eml` files: for trials, and where no server is set."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, raw: bytes, *, sender: str, recipient: str, name: str) -> str:
        """Write, fsync, rename: a file is whole or not there. The same name again replaces the same mail."""
        del sender
        self._folder.mkdir(parents=True, exist_ok=True)
        readable = "".join(char if char.isalnum() or char in "@.-_" else "_" for char in recipient)[:80]
        path = self._folder / f"{readable}-{name}.eml"
        temporary = path.with_suffix(".new")
        try:
            with temporary.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise Defer(f"{self._folder} cannot be written: {error.strerror}") from error
        return str(path)


def postman_of(settings: MailSettings) -> Postman:
    """Who takes our mails."""
    url = settings.smtp_out_url
    return SmtpPostman(url) if url else FilePostman(settings.data_dir / "outbox")

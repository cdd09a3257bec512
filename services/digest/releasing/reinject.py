"""SMTP and LMTP to the gateway's listener behind its filter: the original envelope, the mail as it came, once.

Postfix's XFORWARD (https://www.postfix.org/XFORWARD_README.html) tells its log where the mail came from at first; a
delivery notification to a forged sender is not wanted (RFC 3461, NOTIFY=NEVER).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPResponseException

from shared.errors import Defer, Reject
from shared.outgoing import is_address

#: Longest wait for one answer, in seconds; RFC 5321, section 4.5.3.2.6 gives a server ten minutes to take a mail in.
TIMEOUT_S, ANSWER_TIMEOUT_S = 30, 240

# CRs in front of a CRLF belong to it, as Postfix reads it too: an empty line instead would end the header there.
_LINE_END = re.compile(rb"\r+\n?|\n")


def with_crlf(raw: bytes) -> bytes:
    """The mail with every line end as CRLF, none made and none lost: CR CR LF is one, CR CR alone are two."""
    return _LINE_END.sub(lambda match: b"\r\n" * (1 if match[0].endswith(b"\n") else len(match[0])), raw)


class Doubt(Defer):
    """The whole mail was sent, and no answer came: nobody knows whether it was taken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mail came from at first; what is empty is not known."""

    addr: str = ""
    helo: str = ""
    ident: str = ""


class Reinjection:
    """Hands mail to one server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._lmtp = parts.scheme == "lmtp"
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or (24 if self._lmtp else 25)

    async def hand_over(self, raw: bytes, *, sender: str, recipient: str, origin: Origin) -> str:
        """One conversation, one recipient; what the server said, its queue id most often.

        Line ends become CRLF (RFC 5321, section 2.3.8), as `with_crlf` says; nothing else is touched.

        Raises:
            Doubt: it may have been taken.
            Defer: it was not taken now.
            Reject: it is never taken.
        """
        if not is_address(sender) or not recipient or not is_address(recipient):
            raise Reject("an address of the envelope cannot be written in an SMTP command")
        client = aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=TIMEOUT_S, start_tls=False)
        sent, taken = False, ""
        try:
            async with client:
                await self._greet(client)
                await _xforward(client, origin)
                options = ["BODY=8BITMIME"] if client.supports_extension("8BITMIME") else []
                await client.mail(sender, options=options)
                await client.rcpt(recipient, options=["NOTIFY=NEVER"] if client.supports_extension("DSN") else [])
                sent = True
                answer = await client.data(with_crlf(raw), timeout=ANSWER_TIMEOUT_S)
                taken = answer.message[:200] or "taken"
        except SMTPResponseException as error:
            if error.code >= 500:
                raise Reject(f"{self._host}:{self._port} refused it: {error.code}") from error
            raise Defer(f"{self._host}:{self._port} does not take it now: {error.code}") from error
        except (SMTPException, OSError) as error:
            if taken:
                return taken
            if sent:
                raise Doubt(f"{self._host}:{self._port} was lost after the mail was sent") from error
            raise Defer(f"{self._host}:{self._port} does not answer: {type(error).__name__}") from error
        return taken

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        if not self._lmtp:
            await client.ehlo()
            return
        answer = await client.execute_command(b"LHLO", b"longstop")  # RFC 2033, section 4.1
        if answer.code != 250:
            raise SMTPResponseException(answer.code, answer.message)
        client.last_ehlo_response = answer


async def _xforward(client: aiosmtplib.SMTP, origin: Origin) -> None:
    """Tell what is offered to be told; that it is not wanted after all is no reason to keep the mail."""
    offered = client.esmtp_extensions.get("xforward", "").upper().split()
    given = {
        "ADDR": f"IPV6:{origin.addr}" if ":" in origin.addr else origin.addr,
        "HELO": origin.helo,
        "IDENT": origin.ident,
    }
    words = [f"{name}={_xtext(value)}" for name, value in given.items() if name in offered and value]
    if words:
        await client.execute_command(b"XFORWARD", *(word.encode("ascii") for word in words))


def _xtext(value: str) -> str:
    """RFC 3461, section 4: printable ASCII but for plus and equals, anything else in hex. XFORWARD takes 255 characters."""
    return "".join(
        char if "!" <= char <= "~" and char not in "+=" else "".join(f"+{byte:02X}" for byte in char.encode())
        for char in value[:80]
    )

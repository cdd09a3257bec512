"""Handing mails in through every door, as mail clients, gateways and other systems do."""

import asyncio
import base64
import json
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from longstop.bus import redis_of
from longstop.demo.mails import DemoMail
from longstop.where import PATIENCE_S, Endpoints, answer_of

BOUNDARY = "=_longstop_demo_report"

PREFIXES = {"phishing": "Phishing:", "malware": "Phishing:", "junk": "Junk:", "not_junk": "Not junk:"}


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of one running Longstop."""

    found: Endpoints
    token: dict[str, str]

    async def hand_in(self, mail: DemoMail) -> None:
        """Hand one mail in through its door.

        Raises:
            LongstopError: the door refused it.
            httpx.HTTPError: the door does not answer.
            smtplib.SMTPException: the same by SMTP.
        """
        door: Callable[[DemoMail], Any] = {
            "http": self._http,
            "multipart": self._multipart,
            "smtp": self._smtp,
            "stream": self._stream,
            "quarantine-http": self._held_http,
            "quarantine-stream": self._held_stream,
        }[mail.door]
        await door(mail)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.found.ingest, headers=self.token, timeout=PATIENCE_S)

    async def _http(self, mail: DemoMail) -> None:
        query = {"category": mail.category, "reporter": mail.reporter}
        async with self._client() as http:
            head = {"Content-Type": "message/rfc822"}
            answer_of(await http.post("/v1/reports", params=query, content=mail.raw, headers=head))

    async def _multipart(self, mail: DemoMail) -> None:
        form = {"category": mail.category, "reporter": mail.reporter}
        async with self._client() as http:
            files = {"message": (mail.file, mail.raw, "message/rfc822")}
            answer_of(await http.post("/v1/reports", data=form, files=files))

    async def _smtp(self, mail: DemoMail) -> None:
        await asyncio.to_thread(self._send, report_mail(mail), mail)

    def _send(self, raw: bytes, mail: DemoMail) -> None:
        with smtplib.SMTP("127.0.0.1", self.found.smtp_port, timeout=PATIENCE_S) as smtp:
            smtp.sendmail(mail.reporter, ["report@example.org"], raw)

    async def _stream(self, mail: DemoMail) -> None:
        message = {"rfc822_base64": base64.b64encode(mail.raw).decode()}
        data = {"category": mail.category, "reporter": mail.reporter, "message": message}
        await self._publish("report.submitted.v1", data)

    async def _held_http(self, mail: DemoMail) -> None:
        head = {
            "Content-Type": "message/rfc822",
            "X-Rspamd-From": mail.mail_from,
            "X-Rspamd-Rcpt": json.dumps(mail.recipients),
            "X-Rspamd-Score": str(mail.score or 0),
            "X-Rspamd-Action": "quarantine",
            "X-Rspamd-Qid": mail.file.removesuffix(".eml"),
            "X-Rspamd-Symbols": json.dumps([{"name": name} for name in mail.symbols]),
        }
        async with self._client() as http:
            answer_of(await http.post("/v1/quarantine", content=mail.raw, headers=head))

    async def _held_stream(self, mail: DemoMail) -> None:
        data = {
            "message": {"rfc822_base64": base64.b64encode(mail.raw).decode()},
            "envelope": {"mail_from": mail.mail_from, "rcpt_to": mail.recipients},
            "reason": mail.reason,
            "score": mail.score,
            "symbols": mail.symbols,
        }
        await self._publish("mail.held.v1", {name: value for name, value in data.items() if value is not None})

    async def _publish(self, stream: str, data: dict[str, Any]) -> None:
        redis: Any = redis_of(self.found)
        await redis.xadd(f"{self.found.stream_prefix}:{stream}", {"data": json.dumps(data)})
        await redis.aclose()


def report_mail(mail: DemoMail) -> bytes:
    """A report mail as a mail client's button makes it: the original attached, byte for byte."""
    head = (
        f"From: <{mail.reporter}>\r\nTo: <report@example.org>\r\nSubject: {PREFIXES[mail.category]} {mail.file}\r\n"
        f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <report-{mail.file}@example.org>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"\r\n\r\n'
        f"--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nReported with the button.\r\n"
        f"--{BOUNDARY}\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=original.eml\r\n\r\n"
    )
    return head.encode() + mail.raw + f"\r\n--{BOUNDARY}--\r\n".encode()

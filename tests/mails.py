"""Mails for tests, written by us."""

from datetime import UTC, datetime
from email.utils import format_datetime

DATE = format_datetime(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


def mail(
    *,
    sender: str = "Parcel Service <fee@parcel-fee.example>",
    to: str = "ana@example.org",
    subject: str = "Your parcel is waiting",
    body: str = "Your parcel could not be delivered. Pay the fee at http://parcel-fee.example/pay now.",
    message_id: str = "1@parcel-fee.example",
    extra: str = "",
) -> bytes:
    """A simple mail with CRLF line ends; `extra` are header lines that end in CRLF."""
    head = (
        f"{extra}From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {DATE}\r\nMessage-ID: <{message_id}>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return head.encode() + body.encode() + b"\r\n"


def report_of(*originals: bytes, subject: str = "Fwd: look at this", sender: str = "ana@example.org") -> bytes:
    """A report mail with originals attached as message/rfc822, byte for byte."""
    boundary = b"=_report_boundary"
    head = (
        f"From: {sender}\r\nTo: phish@example.org\r\nSubject: {subject}\r\nDate: {DATE}\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="{boundary.decode()}"\r\n\r\n'
    ).encode()
    parts = [b"Content-Type: text/plain\r\n\r\nThis looks wrong.\r\n"]
    parts += [b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + raw for raw in originals]
    return head + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"

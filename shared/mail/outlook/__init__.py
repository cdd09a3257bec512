"""Mails as Outlook stores and sends them: `.msg` files and TNEF (`winmail.dat`), composed anew as RFC 5322 messages.

Reads       bytes, nothing else. Only `shared.apart` should call this on hostile bytes: `olefile` is not ours.
Promises    None for what cannot be read; the same bytes always make the same message; sizes and depths are bounded.
"""

from shared.mail import limits
from shared.mail.outlook.compose import compose
from shared.mail.outlook.msg import read_msg
from shared.mail.outlook.properties import Attachment, Item
from shared.mail.outlook.tnef import read_tnef

#: How the bytes begin (MS-CFB, section 2.2; MS-OXTNEF, section 2.1.3.2), plain and in base64.
MSG, MSG_BASE64 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"0M8R4KGxGu"
TNEF, TNEF_BASE64 = b"\x78\x9f\x3e\x22", b"eJ8+I"


def may_hold_outlook(raw: bytes) -> bool:
    """Whether a mail may carry anything for this package."""
    return raw.startswith((MSG, TNEF)) or MSG_BASE64 in raw or TNEF_BASE64 in raw or MSG in raw or TNEF in raw


def is_outlook(raw: bytes) -> bool:
    """Whether a file may be a `.msg`."""
    return raw.startswith(MSG)


def mail_of_msg(raw: bytes) -> bytes:
    """The mail in a `.msg` file as an RFC 5322 message; empty when it is none or cannot be read."""
    item = read_msg(raw)
    return compose(item) if item else b""


def has_its_header(composed: bytes) -> bool:
    """Whether a composed mail has the header with which it was received; else it was written from properties."""
    return composed[:8].lower() == b"received" or b"\nreceived:" in composed[: limits.HEADER_BLOCK_MAX_BYTES].lower()


def mails_in_tnef(raw: bytes) -> tuple[bytes, ...]:
    """The mails attached to a `winmail.dat`, each as an RFC 5322 message."""
    item = read_tnef(raw)
    return tuple(mail for one in (item.attachments if item else ()) if (mail := _mail_of(one)))


def _mail_of(attachment: Attachment) -> bytes:
    """The mail that an attachment is: an item, or a file that is called one; empty for all else."""
    name = attachment.name.lower()
    if attachment.item:
        return compose(attachment.item)
    return attachment.data if name.endswith(".eml") else mail_of_msg(attachment.data) if name.endswith(".msg") else b""


__all__ = ["MSG", "Item", "compose", "has_its_header", "is_outlook", "mail_of_msg", "mails_in_tnef", "may_hold_outlook"]

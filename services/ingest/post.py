"""What becomes of a mail to a report mailbox, whichever way it came: reports, a held mail, or a rejection that is told."""

import asyncio
from collections.abc import Iterable

from services.ingest.handlers import Durable
from services.ingest.intake import Intake, refusal
from services.ingest.letters import Letter, held_of
from services.ingest.rules import QUARANTINE_MAILBOX
from shared.apart import read_report_mail_apart
from shared.events.vocabulary import Source
from shared.mail import Mail
from shared.run import Room


class Post:
    """Opens mails to the mailboxes and makes durable what is in them."""

    def __init__(self, room: Room, intake: Intake) -> None:
        self._room = room
        self._intake = intake

    async def take(self, raw: bytes, mailboxes: Iterable[str], source: Source, mail_from: str | None) -> list[Durable]:
        """Take the reports in a mail, or the held mail that it is.

        Args:
            raw: the mail as it came.
            mailboxes: local parts to which it was sent; the same mail to two of them is two reports.
            source: the door.
            mail_from: the envelope sender; None: the one that delivery wrote down (RFC 5321, section 4.4).

        Raises:
            Defer: it cannot be made durable now.
            Reject: a held mail names no recipient.
        """
        settings = self._room.settings
        ids = frozenset(settings.authserv_ids)
        report = await asyncio.to_thread(read_report_mail_apart, raw, own_authserv_ids=ids)
        sender = delivered_from(report.mail) if mail_from is None else mail_from
        events: list[Durable] = []
        for mailbox in dict.fromkeys(mailboxes):
            if mailbox == QUARANTINE_MAILBOX:
                events += await self._intake.hold([held_of(raw, report.mail)])
                continue
            letter = Letter(raw, report, mailbox, sender.strip("<>"), source)
            if why_none := letter.why_none(settings.own_domains):
                events.append(await self._rejected(letter, why_none))
            else:
                events += await self._intake.receive(letter.reports(settings.own_domains, proven=bool(ids)))
        return events

    async def _rejected(self, letter: Letter, reason: str) -> Durable:
        """A mail that reports nothing: kept, told, never bounced."""
        (sha256,) = await asyncio.to_thread(self._room.blobs.put, [letter.raw])
        return refusal(letter.itself(), reason, sha256)


def delivered_from(mail: Mail) -> str:
    """The envelope sender in Return-Path; From where delivery wrote none, and nothing for a bounce's `<>`."""
    return mail.return_path if mail.all("return-path") else mail.from_.address

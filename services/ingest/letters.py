"""Mails that carry reports, or are held mails themselves: what they say of the mails in them."""

import hashlib
from collections.abc import Collection
from dataclasses import replace

from services.ingest.intake import Handed, HandedHeld
from services.ingest.rspamd import Scan
from services.ingest.rules import MAILBOXES, is_verified, reason_of, worse_of
from shared.errors import Reject
from shared.events import MailEnvelope, fact_id
from shared.events.vocabulary import Source
from shared.mail import Mail, Original, ReportMail, came_over_own_list, category_of_subject, why_automatic

#: Characters kept of what a reporter wrote, as at the other doors.
COMMENT_MAX = 1_000


class Letter:
    """A mail to a report mailbox and what it says of the reports in it."""

    def __init__(self, raw: bytes, report: ReportMail, mailbox: str, mail_from: str, source: Source) -> None:
        self.raw = raw
        self._outer = report.mail
        self._originals = report.originals
        self._mail_from = mail_from
        self._source = source
        self._identity = (hashlib.sha256(raw).hexdigest(), mailbox)
        category = MAILBOXES[mailbox]
        self._category, self._defaulted = (category, False) if category else category_of_subject(report.mail.subject)

    def why_none(self, own_domains: Collection[str]) -> str:
        """Why it reports nothing; the empty string when it does.

        Machines answer and lists repeat; whoever answered them would soon talk to himself. A feedback loop's report
        (RFC 5965) is a machine's, and a report. A mail that could not be read is reported as it is.
        """
        if not any(original.kind == "arf" for original in self._originals):
            if automatic := why_automatic(self._outer, own_domains):
                return automatic
            if not self._mail_from:
                return "it has no envelope sender: it is a bounce or an automatic answer, no report"
        if self._originals or "unreadable" in self._outer.defects:
            return ""
        return "no reported mail is attached: forward the mail as an attachment"

    def reports(self, own_domains: Collection[str], *, proven: bool) -> list[Handed]:
        """One report for each original; the same mail handed in again gives the same report ids.

        Args:
            own_domains: the organisation's: nobody else is ever verified.
            proven: whether the own gateways' Authentication-Results can be told from a stranger's.
        """
        author = self._outer.from_.address
        automatic = why_automatic(self._outer, own_domains)
        by_person = bool(self._mail_from) and not automatic  # a machine's report counts, and gets no answer
        is_author = proven and by_person and self._outer.authentication.dmarc == "pass" and bool(author)
        over_list = came_over_own_list(self._outer, own_domains)  # its envelope sender is the list's
        reporter = author if is_author or over_list else self._mail_from or author
        verified = is_verified(reporter=reporter, own_domains=own_domains, proven=is_author)
        if not self._originals:
            return [replace(self.itself(), reporter_verified=verified)]
        return [
            Handed(
                raw=original.raw,
                category=(self._defaulted and original.category) or self._category,
                source=self._source,
                composed_from=original.source,
                report_id=fact_id("report", *self._identity, number),
                reporter=reporter,
                reporter_verified=verified,
                envelope=original.envelope,
                comment=self._comment(original),
                defaulted=self._defaulted and not original.category,
                low_fidelity=original.low_fidelity,
            )
            for number, original in enumerate(self._originals)
        ]

    def _comment(self, original: Original) -> str:
        """What the reporter wrote beside an attached mail; an inline forward has the mail in the same text."""
        return self._outer.text.strip()[:COMMENT_MAX].strip() if original.kind == "attached" else ""

    def itself(self) -> Handed:
        """The whole mail as the report, when nothing else can be had of it."""
        return Handed(
            raw=self.raw,
            category=self._category,
            source=self._source,
            report_id=fact_id("report", *self._identity, 0),
            reporter=self._mail_from or self._outer.from_.address,
            defaulted=self._defaulted,
            low_fidelity=True,
        )


def held_of(raw: bytes, outer: Mail) -> HandedHeld:
    """A held mail in the quarantine mailbox: its envelope stands in `X-Longstop-*` or `X-Envelope-*` headers (amavis).

    Raises:
        Reject: neither they nor `To` name a recipient.
    """
    rcpt = outer.header("x-longstop-rcpt-to") or outer.header("x-envelope-to")
    recipients = [word.strip(" <>") for word in rcpt.split(",")] if rcpt else [to.address for to in outer.to]
    sender = outer.header("x-longstop-mail-from") or outer.header("x-envelope-from") or outer.from_.address
    scan = Scan(
        mail_from=sender.strip(" <>")[:320],
        rcpt_to=tuple(dict.fromkeys(one[:320] for one in recipients if "@" in one)),
        queue_id=(outer.header("x-longstop-queue-id") or outer.header("x-quarantine-id")).strip(" <>")[:255],
    )
    if not scan.rcpt_to:
        raise Reject("no envelope recipient: name them in a header X-Longstop-Rcpt-To or X-Envelope-To")
    envelope: MailEnvelope = scan.envelope()
    action = outer.header("x-spam-flag")
    reason = reason_of(given="", symbols=(), action=action)
    given = outer.header("x-longstop-quarantine") or outer.header("x-longstop-reason")
    reason = worse_of(reason, reason_of(given=given, symbols=(), action=action))
    return HandedHeld(raw, envelope, reason, queue_id=scan.queue_id)

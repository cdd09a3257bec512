"""mailboxes: takes like mails out of mailboxes by an approved plan, and puts them back. It alone has a key to mailboxes.

READS     report.received, quarantine.held, verdict.issued, purge.requested, purge.approved, purge.withdrawn,
          restore.requested, erasure.requested
WRITES    purge.requested, purge.planned, purge.approved, purge.delayed, purge.finished, restore.requested,
          restore.finished, notification.sent
OWNS      mailboxes_mail, mailboxes_recipient, mailboxes_judged, mailboxes_purge, mailboxes_box, mailboxes_move,
          mailboxes_restore
OUTSIDE   the mail store (LONGSTOP_MAILSTORE_URL: doveadm over HTTP, or IMAP), HTTP on 8087, SMTP to LONGSTOP_SMTP_OUT_URL
LIMITS    10,000 mailboxes a purge, 100 mails a mailbox, 20 purges an hour by verdicts (settings); 25 MiB a mail that is compared;
          8 mailboxes at once; two minutes a mailbox
BUGS      Who approves is what the caller says: one API token, one role. Names of folders that several users share are looked at
          once for each of them. After a replay, plans must be made anew, and mails that were moved by a purge that had
          not finished are not known. What a mail store without MOVE does between COPY and EXPUNGE others see twice.
"""

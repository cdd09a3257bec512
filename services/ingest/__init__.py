"""ingest: takes reports and held mail from anybody, makes them durable, then says so.

READS     report.submitted, mail.held (the two streams that anyone may publish to)
WRITES    report.received, report.rejected, quarantine.held, erasure.requested
OWNS      ingest_report, ingest_held, ingest_refused, ingest_doomed (blobs to take away), ingest_key (idempotency keys)
OUTSIDE   HTTP on 8081, SMTP on 2525, LMTP on 2424 and 2425, an IMAP mailbox, the blob store
LIMITS    25 MiB a mail (RFC 5321 lets a server choose; Exchange's default), 20 originals a report mail, 50 SMTP sessions
BUGS      Large mails are read one after the other by one process: a very slow one holds the others up for 15 seconds.
          Without LONGSTOP_AUTHSERV_IDS the reporter of a mail is its envelope sender, and never verified.
"""

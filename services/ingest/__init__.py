"""ingest: takes reports and held mail from anybody, makes them durable, then says so.

READS     report.submitted, mail.held (the two streams that anyone may publish to)
WRITES    report.received, report.rejected, quarantine.held
OWNS      ingest_report, ingest_held, ingest_key (idempotency keys)
OUTSIDE   HTTP on 8081, SMTP on 2525, the blob store
LIMITS    25 MiB a mail (RFC 5321 lets a server choose; Exchange's default), 20 originals a report mail, 50 SMTP sessions
BUGS      Mails are parsed in worker threads, not yet in limited processes: a slow mail can hold a thread for seconds.
          The reporter of a mail is its envelope sender; it counts as verified only when its domain is ours and the client
          is in an allowed network.
"""

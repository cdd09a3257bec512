"""console: the operators' window: what happened, what it means, and the few things that only people may decide.

READS     everything but the two doors that carry raw mails (report.submitted, mail.held)
WRITES    block.requested, block.withdrawn, release.decided, submission.requested, case.edited, case.decided
OWNS      console_report, console_case, console_verdict, console_failure, console_block, console_held, console_copy,
          console_notification, console_activity: a read model made of events only; it can be thrown away and read again
OUTSIDE   HTTP on 8080 (pages, REST, Server-Sent Events); reads the stream of dead letters
LIMITS    500 rows a page of the API, 200 lines of history and 500 waiting lines a watcher, 100 watchers, 100,000 lines of
          activity kept, 64 KiB a request body, 12 h a session, 10 wrong tokens a minute and client
BUGS      One token, one role: every operator is "operator". Signing out clears the browser's cookie; a copy of it stays
          good until 12 h are over or the token or secret key changes. Behind a proxy that does not say whom it stands for, all
          clients share one limit of wrong tokens. Rows other than activity are never trimmed. The live stream counts on
          ids that grow in the order of commits: one writing process.
"""

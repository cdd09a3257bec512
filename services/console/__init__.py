"""console: the operators' window: what happened, what it means, and the few things that only people may decide.

READS     everything but the two doors that carry raw mails (report.submitted, mail.held)
WRITES    block.requested, block.withdrawn, release.decided, submission.requested, case.edited, case.decided,
          purge.requested, purge.approved, purge.withdrawn, restore.requested
OWNS      console_report, console_case, console_verdict, console_reporter, console_failure, console_block, console_held,
          console_copy, console_purge, console_purge_box, console_notification, console_activity, console_count,
          console_report_text, console_held_text (with a full-text index each): a read model made of events only; it can be thrown away and read again;
          access_operator, access_token, access_session, access_look, access_key, access_hook, access_delivery,
          access_audit, access_view, in a database of their own
OUTSIDE   HTTP on 8080 (pages, REST, Server-Sent Events); reads the stream of dead letters, and publishes one again when an
          admin says so; the identity provider; webhooks
LIMITS    500 rows a page of the API, 100 waiting batches of lines a watcher, 250 watchers, 100,000 lines of
          activity kept, 1 MiB a request body, 12 h a session and 1 h of its silence, five wrong passwords or tokens before
          a client waits (then 1, 2, 4 s, up to 15 minutes; an account's wait ends at 30 s), 1,000 tokens, 20 webhooks with
          10,000 waiting deliveries each
BUGS      The audit is a chain without a secret: who may write the database can write it anew from the beginning, and only a
          head that was noted elsewhere shows it. An act is in the audit before it is done, in another database: after a
          crash in between it was asked for and not done. Waiting times are each process's own. A person's role at the
          identity provider is asked at sign-in. Rows other than activity are never trimmed. The live stream counts on ids
          that grow in the order of commits: one writing process.
"""

"""submission: has a mail analysed and says the verdict.

READS     submission.requested, case.decided, erasure.requested
WRITES    verdict.issued, submission.failed
OWNS      submission_item, submission_verdict
OUTSIDE   the analysers (Rspamd, SpamAssassin, any HTTP service, Microsoft Graph when they are asked for), the blob store,
          health and callbacks of analysers on 8085
LIMITS    200 mails or 64 MiB in analysis at once, 30 s an analyser, 5 attempts an item, late analysers are asked for 24 h
BUGS      An analyser that does not answer is asked for each mail anew when it is back, oldest first, with no pace of its own.
"""

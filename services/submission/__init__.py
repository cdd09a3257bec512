"""submission: has a mail analysed and says the verdict.

READS     submission.requested, erasure.requested
WRITES    verdict.issued, submission.failed
OWNS      submission_item, submission_verdict
OUTSIDE   the analysers, the blob store, a health page on 8085
LIMITS    20 mails in analysis at once, 30 s an analyser, 5 attempts an item
BUGS      A verdict is not disputed yet, only superseded by a new request for the same mail.
"""

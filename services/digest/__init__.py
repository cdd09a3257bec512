"""digest: keeps the quarantine for its recipients, tells them by mail, and does what they or an operator decide.

READS     quarantine.held, quarantine.asked, release.decided, erasure.requested
WRITES    quarantine.filed, quarantine.refused, release.requested, quarantine.released, quarantine.release_failed,
          quarantine.deleted, quarantine.expired, block.requested, submission.requested, notification.sent
OWNS      digest_held, digest_copy, digest_mail
OUTSIDE   HTTP on 8086 (operators' API), SMTP to LONGSTOP_SMTP_OUT_URL and LONGSTOP_REINJECT_URL, blobs
LIMITS    200 rows a digest (the rest comes with the next), 5 attempts a release
BUGS      One frequency for everybody; no languages but English. Whether a release was taken twice after a lost answer, only the gateway's queue id tells.
"""

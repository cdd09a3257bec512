"""digest: keeps the quarantine for its recipients, tells them by mail, and does what they or an operator decide.

READS     quarantine.held, quarantine.asked, release.decided, digest.preferred, erasure.requested
WRITES    quarantine.filed, quarantine.refused, release.requested, quarantine.released, quarantine.release_failed,
          quarantine.deleted, quarantine.expired, block.requested, submission.requested, notification.sent
OWNS      digest_held, digest_copy, digest_mailbox, digest_preference, digest_mail
OUTSIDE   HTTP on 8086 (operators' API), SMTP to LONGSTOP_SMTP_OUT_URL and LONGSTOP_REINJECT_URL, blobs
LIMITS    100 rows a digest (the rest comes with the next), 9 links to like rows, 100 readers of an address,
          20 attempts a letter, 5 attempts a release
BUGS      A crash between sending and marking sends up to 10 letters again, with the same Message-IDs. Who shares an address
          gets links as that address: what one does, the others see. Whether a release was taken twice after a lost answer,
          only the gateway's queue id tells.
"""

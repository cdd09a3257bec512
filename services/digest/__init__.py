"""digest: keeps the quarantine for its recipients, tells them by mail, and does what they or an operator decide.

READS     quarantine.held, quarantine.asked, release.decided, verdict.issued, digest.preferred,
          erasure.requested
WRITES    quarantine.filed, quarantine.refused, release.requested, release.decided, quarantine.released,
          quarantine.release_failed, quarantine.deleted, quarantine.expired, block.requested, submission.requested,
          notification.sent
OWNS      digest_held, digest_copy, digest_mailbox, digest_preference, digest_mail, digest_verdict, digest_answer, digest_text
          (words, no mapper's table)
OUTSIDE   HTTP on 8086 (operators' API), SMTP to LONGSTOP_SMTP_OUT_URL and LONGSTOP_REINJECT_URL, blobs,
          LONGSTOP_RSPAMD_LEARN_URL, the policy file
LIMITS    80 rows a digest (the rest comes with the next), 9 links to like rows, 100 readers of an address, 20 attempts a letter,
          1,000 recipients a mail, 5 attempts a release, 12 at teaching Rspamd, 500 rows a page
BUGS      A crash between sending and marking sends up to 10 letters again, with the same Message-IDs. Who shares an address
          gets links as that address: what one does, the others see. When the gateway's answer to a release is lost, people
          have to look there whether it has the mail. Searches know the facts of a mail, not its text. A verdict is about
          a mail's bytes: that of others of its campaign is not known.
"""

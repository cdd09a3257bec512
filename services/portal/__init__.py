"""portal: the pages behind the links in digests, for people who have no account and no password here.

READS     quarantine.held, quarantine.filed, quarantine.refused, release.requested, release.decided, quarantine.released,
          quarantine.release_failed, quarantine.deleted, quarantine.expired, verdict.issued, erasure.requested
WRITES    quarantine.asked, digest.preferred
OWNS      portal_held, portal_copy, portal_ask, portal_verdict, portal_preference: a read model made of events, and what was asked
OUTSIDE   HTTP on 8083, open to everybody who has a link; reads blobs; knows no gateway, no mail server, no API token
LIMITS    7 days a link to a mail, 90 days one to preferences, 200 mails a list, 30 posts a minute and recipient, 60 a minute
          and client, 20 bad links a minute and client, 100 kB of text or HTML a preview, 10 s and 1 GiB for reading one mail
BUGS      A link is a bearer's: who forwards a digest forwards what may be done with its mails. Limits are counted in one
          process. Behind a proxy that does not say whom it stands for, all clients share one limit. A program written for
          these very pages, run by somebody who has the link, can do what a person with the link can.
"""

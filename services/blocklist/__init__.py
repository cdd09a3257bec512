"""blocklist: keeps block and allow entries, and the gateway's copy of them, which works from the next mail on.

READS     verdict.issued, block.requested, block.withdrawn, erasure.requested
WRITES    block.created, block.refused, block.removed, block.expiring, block.expired, block.hit,
          block.imported, mail.held, release.decided (giving back what a removed entry had stopped)
OWNS      blocklist_entry, blocklist_claim, blocklist_judged, blocklist_place, blocklist_probe, blocklist_feed, blocklist_import, blocklist_copy and its mails (blobs-kept, beside the blob store); in Redis the hashes gateway and map:* (as files, too), and the stream gateway.hits, behind the stream prefix
OUTSIDE   Redis (that copy), HTTP on 8082: API, check, maps; a milter on 10044, Postfix' policy delegation on 10040
LIMITS    2,000,000 entries at once; 20 entries an hour by verdicts (a setting); 50 proposals a verdict; 200 URLs and 100
          files a check; networks no wider than /24 and /48
BUGS      Imports of more than 1,000 entries are not replayed: take them in again. An entry that is asked for again keeps its id and takes the later end, of which no event tells. Ended entries are
          kept for ever. Two replicas may write the hash in the wrong order; the comparison mends that within a minute.
          The maps for multimap know no allow entries, pairs or ends, and of recipients' own entries only senders. A
          copy of what was refused is kept by the milter alone, and at RCPT by nobody.
"""

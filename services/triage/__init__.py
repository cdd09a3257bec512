"""triage: makes cases of reports, decides what happens to them, and tells each report its verdict.

READS     report.received, verdict.issued, quarantine.held, block.created, block.hit, case.edited, case.decided,
          erasure.requested
WRITES    case.opened, case.joined, case.triaged, case.spread, case.closed, submission.requested,
          report.resolved, block.requested, notification.sent
OWNS      triage_case, triage_kin, triage_sample, triage_trait, triage_person, triage_report, triage_reporter,
          triage_answer, triage_asked, triage_spared, triage_entry
OUTSIDE   its health page on 8084, SMTP to LONGSTOP_SMTP_OUT_URL
LIMITS    a case keeps growing, but is told in steps of 500 reports a transaction; 24 traits a mail, 50 people a mail,
          1,000 people counted a case
BUGS      The first mail with a trait keeps it: a campaign that begins in two forms stays two cases.
"""

"""triage: makes cases of reports, decides what happens to them, and tells each report its verdict.

READS     report.received, verdict.issued, erasure.requested
WRITES    case.opened, case.joined, case.triaged, submission.requested, report.resolved,
          notification.sent
OWNS      triage_case, triage_sample, triage_trait, triage_report, triage_answer
OUTSIDE   its health page on 8084, SMTP to LONGSTOP_SMTP_OUT_URL
LIMITS    a case keeps growing, but is resolved in steps of 1,000 reports a transaction
BUGS      Likeness is exact: the same Message-ID or the same body hash. Cases neither merge nor split yet.
"""

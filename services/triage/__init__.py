"""triage: makes cases of reports, decides what happens to them, and tells each report its verdict.

READS     report.received, verdict.issued
WRITES    case.opened, case.joined, case.triaged, submission.requested, report.resolved
OWNS      triage_case, triage_trait, triage_report
OUTSIDE   nothing but its health page on 8084
LIMITS    a case keeps growing, but is resolved in steps of 1,000 reports a transaction
BUGS      Likeness is exact: the same Message-ID or the same body hash. Cases neither merge nor split yet, and an answer
          by mail to the reporter is not written yet.
"""
